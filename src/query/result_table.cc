// SPDX-License-Identifier: Apache-2.0
#include "query/result_table.h"

#include <algorithm>

#include "base/text.h"

namespace weir {

static constexpr size_t kRowsForWidths = 10'000;
static constexpr size_t kBytesForWidths = 4 << 20;
static constexpr const char* kNull = "-";

size_t shown_width(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

void TextTable::fit(const std::vector<std::string>& cells) {
  widths.resize(heading.size());
  for (size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], shown_width(cells[i]));
}

static void append_line(std::string& out, const std::vector<size_t>& widths, const char* left, const char* between,
                        const char* right) {
  for (size_t i = 0; i < widths.size(); ++i) {
    out += i == 0 ? left : between;
    for (size_t n = 0; n < widths[i] + 2; ++n) out += "─";
  }
  out += right;
  out += '\n';
}

void TextTable::append_row(std::string& out, const std::vector<std::string>& cells, bool lines) const {
  for (size_t i = 0; i < cells.size(); ++i) {
    size_t width = shown_width(cells[i]);
    std::string padding(widths[i] > width ? widths[i] - width : 0, ' ');
    bool last = i + 1 == cells.size();
    if (lines) out += i == 0 ? "│ " : " │ ";
    if (!lines && i > 0) out += "  ";
    out += right[i] ? padding + cells[i] : cells[i] + (last && !lines ? "" : padding);
  }
  out += lines ? " │\n" : "\n";
}

void TextTable::append_top(std::string& out, bool lines) const {
  if (!lines) return append_row(out, heading, false);
  append_line(out, widths, "┌", "┬", "┐");
  std::vector<std::string> bold = heading;
  for (size_t i = 0; i < bold.size(); ++i) {
    std::string padding(widths[i] - shown_width(heading[i]), ' ');
    out += i == 0 ? "│ " : " │ ";
    out += (right[i] ? padding : "") + "\x1b[1m" + heading[i] + "\x1b[0m" + (right[i] ? "" : padding);
  }
  out += " │\n";
  append_rule(out, true);
}

void TextTable::append_rule(std::string& out, bool lines) const {
  if (lines) append_line(out, widths, "├", "┼", "┤");
}

void TextTable::append_bottom(std::string& out, bool lines) const {
  if (lines) append_line(out, widths, "└", "┴", "┘");
}

namespace {

class TableWriter : public ResultWriter {
 public:
  TableWriter(bool lines, ResultOutput& output) : lines_(lines), output_(output) {}

  void begin(const std::vector<SqlColumn>& columns) override {
    table_ = {};
    held_.clear();
    held_bytes_ = count_ = 0;
    begun_ = false;
    for (const SqlColumn& column : columns) {
      table_.heading.push_back(printable(column.name()));
      table_.right.push_back(column.is_number());
    }
    table_.fit(table_.heading);
    is_plan_ = columns.size() == 2 && columns[0].name() == "explain_key" && columns[1].name() == "explain_value";
  }

  void rows(const std::vector<SqlColumn>& columns, size_t count) override {
    for (size_t row = 0; row < count; ++row) {
      std::vector<std::string> cells(columns.size());
      for (size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].is_null(row))
          cells[i] = kNull;
        else
          columns[i].append(cells[i], row, lines_ ? SqlStyle::human : SqlStyle::csv);
      }
      take(std::move(cells));
    }
  }

  void end() override {
    if (is_plan_) return;
    if (!begun_) write_held();
    table_.append_bottom(output_.buffer(), lines_);
    if (lines_) output_.buffer() += std::to_string(count_) + (count_ == 1 ? " row\n" : " rows\n");
    output_.write("");
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
    if (held_.size() >= kRowsForWidths || held_bytes_ >= kBytesForWidths) write_held();
  }
  void write_held() {
    begun_ = true;
    table_.append_top(output_.buffer(), lines_);
    for (const auto& cells : held_) write_row(cells);
    held_.clear();
  }
  void write_row(const std::vector<std::string>& cells) {
    table_.append_row(output_.buffer(), cells, lines_);
    output_.write("");
  }

  bool lines_, is_plan_ = false, begun_ = false;
  ResultOutput& output_;
  TextTable table_;
  std::vector<std::vector<std::string>> held_;
  size_t held_bytes_ = 0, count_ = 0;
};

}  // namespace

std::unique_ptr<ResultWriter> make_table_writer(bool lines, ResultOutput& output) {
  return std::make_unique<TableWriter>(lines, output);
}

}  // namespace weir
