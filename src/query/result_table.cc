// SPDX-License-Identifier: Apache-2.0
#include "query/result_table.h"

#include "base/text.h"
#include "base/text_table.h"

namespace weir {

static constexpr size_t kRowsForWidths = 10'000;
static constexpr size_t kBytesForWidths = 4 << 20;
static constexpr const char* kNull = "-";

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
