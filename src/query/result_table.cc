// SPDX-License-Identifier: Apache-2.0
#include "query/result_table.h"

#include <utility>

#include "base/text.h"
#include "base/text_table.h"
#include "query/result_columns.h"

namespace weir {

static constexpr size_t kRowsForWidths = 10'000;
static constexpr size_t kScreenful = 20;  // fewer rows say too little about the widths of columns
static constexpr size_t kBytesForWidths = 4 << 20;

namespace {

template <class Items>
void keep(const std::vector<bool>& kept, Items& items) {
  size_t at = 0;
  for (size_t i = 0; i < items.size(); ++i)
    if (kept[i]) items[at++] = items[i];
  items.resize(at);
}

std::string without_a_value(size_t columns) {
  if (columns == 0) return "";
  if (columns == 1) return "; 1 column without a value is not shown";
  return "; " + std::to_string(columns) + " columns without a value are not shown";
}

std::string only_later(const std::string& columns, size_t first_rows) {
  return "\nnot shown, because the first " + row_count(first_rows) + " have no value in them: " + columns +
         "; to see these, name them, or use --format csv";
}

class TableWriter : public ResultWriter {
 public:
  TableWriter(bool lines, ResultOutput& output, std::vector<std::string> flows_columns)
      : lines_(lines), output_(output), flows_columns_(std::move(flows_columns)) {}

  void begin(const std::vector<SqlColumn>& columns) override {
    table_ = {};
    held_.clear();
    held_bytes_ = count_ = first_rows_ = 0;
    begun_ = false;
    for (const SqlColumn& column : columns) {
      table_.heading.push_back(printable(column.name()));
      table_.right.push_back(column.is_number());
    }
    table_.fit(table_.heading);
    names_ = table_.heading;
    has_value_.assign(columns.size(), false);
    is_plan_ = is_plan(columns);
    hides_ = has_all(columns, flows_columns_);
  }

  void rows(const std::vector<SqlColumn>& columns, size_t count) override {
    for (size_t row = 0; row < count; ++row) {
      std::vector<std::string> cells(columns.size());
      for (size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].is_null(row)) {
          cells[i] = kNull;
        } else {
          has_value_[i] = true;
          columns[i].append(cells[i], row, lines_ ? SqlStyle::human : SqlStyle::csv);
        }
      }
      take(std::move(cells));
    }
  }

  void end() override {
    if (is_plan_) return;
    if (!begun_) begin_table();
    if (has_columns()) table_.append_bottom(output_.buffer(), lines_);
    if (lines_) output_.buffer() += row_count(count_) + what_is_hidden() + "\n";
    output_.write("");
  }

  void write_held() override {
    if (held_.size() >= kScreenful && !hides_) begin_table();
  }

 private:
  void take(std::vector<std::string> cells) {
    ++count_;
    // A query plan is already laid out; it contains constants of the statement, and statistics of stored data.
    if (is_plan_) return output_.write(printable_lines(std::move(cells[1])) + "\n");
    for (std::string& cell : cells) cell = printable(std::move(cell));
    if (begun_) return write_row(cells);
    table_.fit(cells);
    for (const std::string& cell : cells) held_bytes_ += cell.size();
    held_.push_back(std::move(cells));
    if (held_.size() >= kRowsForWidths || held_bytes_ >= kBytesForWidths) begin_table();
  }
  void choose_columns() {
    shown_ = has_value_;
    if (!hides_) return;
    keep(shown_, table_.heading);
    keep(shown_, table_.right);
    keep(shown_, table_.widths);
  }
  bool has_columns() const { return !table_.heading.empty(); }
  void begin_table() {
    begun_ = true;
    first_rows_ = held_.size();
    choose_columns();
    if (has_columns()) table_.append_top(output_.buffer(), lines_);
    for (auto& cells : held_) write_row(cells);
    held_.clear();
  }
  void write_row(std::vector<std::string>& cells) {
    if (hides_) keep(shown_, cells);
    if (has_columns()) table_.append_row(output_.buffer(), cells, lines_);
    output_.write("");
  }
  std::string what_is_hidden() const {
    if (!hides_ || count_ == 0) return "";
    size_t empty = 0;
    std::string later;
    for (size_t i = 0; i < names_.size(); ++i) {
      if (!has_value_[i]) ++empty;
      if (has_value_[i] && !shown_[i]) later += (later.empty() ? "" : ", ") + names_[i];
    }
    return without_a_value(empty) + (later.empty() ? "" : only_later(later, first_rows_));
  }

  bool lines_, is_plan_ = false, begun_ = false, hides_ = false;
  ResultOutput& output_;
  std::vector<std::string> flows_columns_, names_;
  std::vector<bool> has_value_, shown_;  // shown_: as has_value_ was when the table began
  TextTable table_;
  std::vector<std::vector<std::string>> held_;
  size_t held_bytes_ = 0, count_ = 0, first_rows_ = 0;
};

}  // namespace

std::unique_ptr<ResultWriter> make_table_writer(bool lines, ResultOutput& output,
                                                std::vector<std::string> flows_columns) {
  return std::make_unique<TableWriter>(lines, output, std::move(flows_columns));
}

}  // namespace weir
