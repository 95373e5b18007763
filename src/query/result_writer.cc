// SPDX-License-Identifier: Apache-2.0
#include "query/result_writer.h"

#include <set>
#include <utility>

#include "base/json_text.h"
#include "base/text.h"
#include "query/result_expanded.h"
#include "query/result_table.h"

namespace weir {
namespace {

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) out.append(c == '"' ? 2 : 1, c);
  out += '"';
}

class CsvWriter : public ResultWriter {
 public:
  CsvWriter(bool to_terminal, ResultOutput& output) : to_terminal_(to_terminal), output_(output) {}

  void begin(const std::vector<SqlColumn>& columns) override {
    for (size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) output_.buffer() += ',';
      cell_ = columns[i].name();
      append_cell();
    }
    output_.write("\n");
  }

  void rows(const std::vector<SqlColumn>& columns, size_t count) override {
    for (size_t row = 0; row < count; ++row) {
      for (size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) output_.buffer() += ',';
        if (columns[i].is_null(row)) continue;
        cell_.clear();
        columns[i].append(cell_, row, SqlStyle::csv);
        append_cell();
      }
      output_.write("\n");
    }
  }

  void end() override {}

 private:
  void append_cell() {
    if (to_terminal_) cell_ = printable(std::move(cell_));
    bool quoted = cell_.empty() || cell_.find_first_of(",\"\r\n") != std::string::npos;
    if (quoted)
      append_quoted(output_.buffer(), cell_);
    else
      output_.buffer() += cell_;
  }
  bool to_terminal_;
  ResultOutput& output_;
  std::string cell_;
};

class JsonWriter : public ResultWriter {
 public:
  explicit JsonWriter(ResultOutput& output) : output_(output) {}

  void begin(const std::vector<SqlColumn>& columns) override {
    std::set<std::string> seen;
    keys_.clear();
    for (const SqlColumn& column : columns) {
      std::string name = column.name();
      for (int n = 1; !seen.insert(name).second; ++n) name = column.name() + "_" + std::to_string(n);
      std::string& key = keys_.emplace_back(keys_.empty() ? "{" : ",");
      append_json_string(key, name);
      key += ':';
    }
  }

  void rows(const std::vector<SqlColumn>& columns, size_t count) override {
    for (size_t row = 0; row < count; ++row) {
      for (size_t i = 0; i < columns.size(); ++i) {
        output_.buffer() += keys_[i];
        columns[i].append(output_.buffer(), row, SqlStyle::json);
      }
      output_.write("}\n");
    }
  }

  void end() override {}

 private:
  ResultOutput& output_;
  std::vector<std::string> keys_;
};

}  // namespace

std::unique_ptr<ResultWriter> make_result_writer(ResultFormat format, ResultOutput& output,
                                                 std::vector<std::string> flows_columns) {
  switch (format) {
    case ResultFormat::csv:
    case ResultFormat::csv_terminal:
      return std::make_unique<CsvWriter>(format == ResultFormat::csv_terminal, output);
    case ResultFormat::json:
      return std::make_unique<JsonWriter>(output);
    case ResultFormat::expanded:
    case ResultFormat::expanded_terminal:
      return make_expanded_writer(format == ResultFormat::expanded_terminal, output, std::move(flows_columns));
    case ResultFormat::terminal:
      return make_table_writer(true, output, std::move(flows_columns));
    case ResultFormat::plain:
      break;
  }
  return make_table_writer(false, output, {});
}

}  // namespace weir
