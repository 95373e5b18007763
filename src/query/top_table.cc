// SPDX-License-Identifier: Apache-2.0
#include "query/top_table.h"

#include <cstdio>
#include <cstdlib>

#include "base/text.h"

namespace weir {

static std::string share(const std::string& percent) {
  if (percent == "-") return percent;
  char text[32];
  std::snprintf(text, sizeof text, "%.2f%%", std::atof(percent.c_str()));
  return text;
}

TopTable::TopTable(const TopRequest& request, bool terminal)
    : keys_(request.key_columns()), numbers_(request.number_columns()), terminal_(terminal) {
  if (request.every_ns > 0) table_.heading.emplace_back("time");
  table_.heading.insert(table_.heading.end(), request.keys.begin(), request.keys.end());
  for (const char* name : {"flows", "packets", "bytes"}) table_.heading.emplace_back(name);
  if (request.rate) table_.heading.insert(table_.heading.end(), {"packets/s", "bits/s"});
  table_.heading.emplace_back("share");
  for (size_t i = 0; i < table_.heading.size(); ++i) table_.right.push_back(i >= keys_);
}

std::string TopTable::shown(size_t measure, const std::string& number) const {
  static constexpr const char* kUnits[] = {"", "", "B", "", "b"};
  return terminal_ ? human_number(number, kUnits[measure]) : number;
}

std::string TopTable::cell(const SqlColumn& column, size_t row) const {
  std::string text;
  column.append(text, row, terminal_ ? SqlStyle::human : SqlStyle::csv);
  return column.is_null(row) ? "-" : printable(std::move(text));
}

void TopTable::add(const std::vector<SqlColumn>& columns, size_t row) {
  std::vector<std::string> cells, numbers;
  for (size_t i = 0; i < keys_; ++i) cells.push_back(cell(columns[i], row));
  for (size_t i = 0; i < numbers_; ++i) {
    cells.push_back(shown(i, cell(columns[keys_ + i], row)));
    numbers.push_back(shown(i, cell(columns[keys_ + numbers_ + 1 + i], row)));
  }
  cells.push_back(share(cell(columns[keys_ + numbers_], row)));
  // Without flows the result is one row, with nothing but the total.
  if (!columns[keys_].is_null(row)) rows_.push_back(cells);
  total_.assign(keys_, "");
  total_[0] = "total";
  total_.insert(total_.end(), numbers.begin(), numbers.end());
  total_.push_back(rows_.empty() ? "-" : share("100"));
}

std::string TopTable::text() {
  table_.fit(table_.heading);
  for (const auto& row : rows_) table_.fit(row);
  table_.fit(total_);
  std::string out;
  table_.append_top(out, terminal_);
  for (const auto& row : rows_) table_.append_row(out, row, terminal_);
  if (!rows_.empty()) table_.append_rule(out, terminal_);
  if (!total_.empty()) table_.append_row(out, total_, terminal_);
  table_.append_bottom(out, terminal_);
  return out;
}

}  // namespace weir
