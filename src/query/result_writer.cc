// SPDX-License-Identifier: Apache-2.0
#include "query/result_writer.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/json_text.h"
#include "base/text.h"
#include "base/time_units.h"
#include "os/clock.h"
#include "query/result_expanded.h"
#include "query/result_table.h"

namespace weir {
namespace {

// Writes rows into the output, and elsewhere those that row_text() is given.
class LineWriter : public ResultWriter {
 public:
  explicit LineWriter(ResultOutput& output) : output_(output) {}
  void rows(const std::vector<SqlColumn>& columns, size_t count) override {
    ends_.clear();
    row_text()(columns, count, output_.buffer(), ends_);
    output_.write("");
  }
  void end() override {}

 protected:
  ResultOutput& output_;

 private:
  std::vector<size_t> ends_;
};

// The columns that have a value in at least one of the rows.
std::vector<size_t> with_values(const std::vector<SqlColumn>& columns, size_t rows) {
  std::vector<size_t> list;
  for (size_t i = 0; i < columns.size(); ++i)
    if (!columns[i].is_all_null(rows)) list.push_back(i);
  return list;
}

bool needs_quotes(std::string_view text) {
  return text.empty() ||
         std::ranges::any_of(text, [](char c) { return c == ',' || c == '"' || c == '\r' || c == '\n'; });
}

// Puts the text that begins at `begin` in quotes if RFC 4180 demands it.
void quote_csv(std::string& out, size_t begin) {
  const std::string_view text = std::string_view(out).substr(begin);
  if (!needs_quotes(text)) return;
  std::string quoted = "\"";
  for (char c : text) quoted.append(c == '"' ? 2 : 1, c);
  out.replace(begin, out.npos, quoted += '"');
}

void append_csv(std::string& out, const SqlColumn& column, size_t row, bool to_terminal) {
  const size_t begin = out.size();
  column.append(out, row, SqlStyle::csv);
  if (!column.may_have_commas()) return;
  if (to_terminal) out.replace(begin, out.npos, printable(out.substr(begin)));
  quote_csv(out, begin);
}

class CsvWriter : public LineWriter {
 public:
  CsvWriter(bool to_terminal, ResultOutput& output) : LineWriter(output), to_terminal_(to_terminal) {}

  void begin(const std::vector<SqlColumn>& columns) override {
    std::string& out = output_.buffer();
    for (size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) out += ',';
      const size_t begin = out.size();
      out += to_terminal_ ? printable(columns[i].name()) : columns[i].name();
      quote_csv(out, begin);
    }
    output_.write("\n");
  }

  SqlRowText row_text() const override {
    return [to_terminal = to_terminal_](const auto& columns, size_t rows, std::string& out, auto& ends) {
      const std::vector<size_t> filled = with_values(columns, rows);
      for (size_t row = 0; row < rows; ++row) {
        size_t commas = 0;
        for (size_t i : filled) {
          out.append(i - commas, ',');
          commas = i;
          if (!columns[i].is_null(row)) append_csv(out, columns[i], row, to_terminal);
        }
        out.append(columns.size() - 1 - commas, ',');
        out += '\n';
        ends.push_back(out.size());
      }
    };
  }

 private:
  bool to_terminal_;
};

class JsonWriter : public LineWriter {
 public:
  using LineWriter::LineWriter;

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

  SqlRowText row_text() const override {
    return [keys = keys_](const auto& columns, size_t rows, std::string& out, auto& ends) {
      for (size_t row = 0; row < rows; ++row) {
        for (size_t i = 0; i < columns.size(); ++i) {
          out += keys[i];
          columns[i].append(out, row, SqlStyle::json);
        }
        out += "}\n";
        ends.push_back(out.size());
      }
    };
  }

 private:
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

// Shorter queries show everything at their end, which is better: a table then knows all rows when it lays out columns.
static constexpr int64_t kPatienceNs = kSecond / 2;

FlowQuery::Consumer consumer_of(ResultWriter& writer, ResultOutput& output, bool shows_parts) {
  auto show_part = [&writer, &output, since_ns = os::monotonic_ns()] {
    if (os::monotonic_ns() - since_ns < kPatienceNs) return;
    writer.write_held();
    output.flush();
  };
  auto write_lines = [&output](const SqlColumn& texts, size_t count) {
    for (size_t row = 0; row < count; ++row) {
      texts.append(output.buffer(), row, SqlStyle::csv);
      output.write("");
    }
  };
  return {.begin = [&](const auto& columns) { output.restart(), writer.begin(columns); },
          .rows = [&](const auto& columns, size_t count) { writer.rows(columns, count); },
          .can_restart = [&] { return output.can_restart(); },
          .row_text = [&] { return writer.row_text(); },
          .lines = write_lines,
          .after_part = shows_parts ? std::function<void()>(show_part) : nullptr};
}

}  // namespace weir
