// SPDX-License-Identifier: Apache-2.0
#include "query/result_expanded.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/text_table.h"
#include "query/result_columns.h"

namespace weir {
namespace {

class ExpandedWriter : public ResultWriter {
 public:
  ExpandedWriter(bool to_terminal, ResultOutput& output, std::vector<std::string> flows_columns)
      : to_terminal_(to_terminal), output_(output), flows_columns_(std::move(flows_columns)) {}

  void begin(const std::vector<SqlColumn>& columns) override {
    names_.clear();
    count_ = 0;
    for (const SqlColumn& column : columns) names_.push_back(printable(column.name()));
    size_t widest = 0;
    for (const std::string& name : names_) widest = std::max(widest, shown_width(name));
    for (std::string& name : names_) name.append(widest - shown_width(name), ' ');
    is_plan_ = is_plan(columns);
    skips_null_ = has_all(columns, flows_columns_);
  }

  void rows(const std::vector<SqlColumn>& columns, size_t count) override {
    for (size_t row = 0; row < count; ++row) {
      if (is_plan_)
        write_plan(columns[1], row);
      else
        write_row(columns, row);
      output_.write("");
    }
  }

  void end() override {
    if (!to_terminal_ || is_plan_) return;
    output_.buffer() += (count_ ? "\n" : "") + row_count(count_);
    output_.write(skips_null_ && count_ ? "; columns without a value are not shown\n" : "\n");
  }

 private:
  void write_plan(const SqlColumn& column, size_t row) {
    std::string plan;
    column.append(plan, row, SqlStyle::csv);
    output_.buffer() += printable_lines(std::move(plan)) + "\n";
  }
  void write_row(const std::vector<SqlColumn>& columns, size_t row) {
    const std::string title = "row " + std::to_string(++count_);
    output_.buffer() += (count_ > 1 ? "\n" : "") + (to_terminal_ ? "\x1b[1m" + title + "\x1b[0m\n" : title + "\n");
    for (size_t i = 0; i < columns.size(); ++i) {
      const bool null = columns[i].is_null(row);
      if (null && skips_null_) continue;
      std::string value = null ? kNull : "";
      columns[i].append(value, row, to_terminal_ ? SqlStyle::human : SqlStyle::csv);
      output_.buffer() += "  " + names_[i] + "  " + printable(std::move(value)) + "\n";
    }
  }

  bool to_terminal_, is_plan_ = false, skips_null_ = false;
  ResultOutput& output_;
  std::vector<std::string> flows_columns_, names_;
  size_t count_ = 0;
};

}  // namespace

std::unique_ptr<ResultWriter> make_expanded_writer(bool to_terminal, ResultOutput& output,
                                                   std::vector<std::string> flows_columns) {
  return std::make_unique<ExpandedWriter>(to_terminal, output, std::move(flows_columns));
}

}  // namespace weir
