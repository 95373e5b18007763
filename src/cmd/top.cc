// SPDX-License-Identifier: Apache-2.0
// Implements `weir top`: which addresses, ports and so on have most of the traffic.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/error.h"
#include "base/text.h"
#include "base/text_table.h"
#include "cmd/cmd.h"
#include "cmd/query_options.h"
#include "config/arguments.h"
#include "os/file.h"
#include "query/top.h"

namespace weir {
namespace {

constexpr const char* kFooter =
    "A key is a column of `flows` (weir query 'DESCRIBE flows' lists them); separate several by commas.\n"
    "Bytes and packets are as exported, not multiplied by the sampling rate.\n"
    "\n"
    "Examples:\n"
    "  weir top\n"
    "  weir top dst_port,proto_name --by flows -n 20 --since -1h\n"
    "  weir top sampler_address --format json";

struct Options {
  QueryFlags common;
  TopRequest request;
};

Options parse(const Arguments& arguments, CLI::App& app) {
  Options options;
  std::string keys = "src_addr";
  app.add_option("key", keys, "what to group by (default: src_addr)")->option_text("KEY,..");
  app.add_option("--by", options.request.measure, "what to rank by (default: bytes)")
      ->option_text("bytes|packets|flows");
  app.add_option("-n", options.request.count, "how many rows to show (default: 10)")
      ->option_text("N")
      ->check(CLI::Range(1, 1'000'000));
  add_query_flags(app, options.common);
  app.add_option("--time", options.common.time, "which time of a flow --since and --until refer to (default: received)")
      ->option_text("received|start|end");
  app.add_option("--format", options.common.format, "table, csv or json (one object per line)")
      ->check(CLI::IsMember({"table", "csv", "json"}))
      ->option_text("FORMAT");
  app.footer(kFooter);
  parse_words(app, arguments);
  options.request.keys = split_list(keys);
  const std::string& measure = options.request.measure;
  if (measure == "start" || measure == "end" || measure == "received")
    throw usage_error("--by: top ranks by bytes, packets or flows; the time of --since is chosen with --time " +
                      measure);
  if (measure != "bytes" && measure != "packets" && measure != "flows")
    throw usage_error("--by: \"" + measure + "\" is not one of bytes, packets, flows");
  return options;
}

// Collects all rows of the result as text, to print them as a table with a total.
class TopTable {
 public:
  TopTable(const TopRequest& request, bool terminal) : keys_(request.keys.size()), terminal_(terminal) {
    table_.heading = request.keys;
    for (const char* name : {"flows", "packets", "bytes", "share"}) table_.heading.emplace_back(name);
    for (size_t i = 0; i < table_.heading.size(); ++i) table_.right.push_back(i >= keys_);
  }
  void restart() { rows_.clear(), total_.clear(); }

  void add(const std::vector<SqlColumn>& columns, size_t row) {
    auto text = [&](size_t i) {
      std::string cell;
      columns[i].append(cell, row, terminal_ ? SqlStyle::human : SqlStyle::csv);
      return columns[i].is_null(row) ? "-" : printable(std::move(cell));
    };
    std::vector<std::string> cells, numbers;
    for (size_t i = 0; i < keys_; ++i) cells.push_back(text(i));
    for (size_t i = 0; i < 3; ++i) {
      cells.push_back(shown(i, text(keys_ + i)));
      numbers.push_back(shown(i, text(keys_ + 4 + i)));
    }
    cells.push_back(share(text(keys_ + 3)));
    // Without flows the result is one row, with nothing but the total.
    if (!columns[keys_].is_null(row)) rows_.push_back(cells);
    total_.assign(keys_, "");
    total_[0] = "total";
    total_.insert(total_.end(), numbers.begin(), numbers.end());
    total_.push_back(rows_.empty() ? "-" : share("100"));
  }

  std::string text() {
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

 private:
  std::string shown(size_t measure, const std::string& number) const {
    return terminal_ ? human_number(number, measure == 2 ? "B" : "") : number;
  }
  static std::string share(const std::string& percent) {
    if (percent == "-") return percent;
    char text[32];
    std::snprintf(text, sizeof text, "%.2f%%", std::atof(percent.c_str()));
    return text;
  }

  size_t keys_;
  bool terminal_;
  TextTable table_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::string> total_;
};

void show_table(FlowQuery& query, const TopRequest& request) {
  TopTable table(request, os::is_terminal(1));
  FlowQuery::Consumer consumer{
      .begin = [&](const auto&) { table.restart(); },
      .rows =
          [&](const auto& columns, size_t count) {
            for (size_t row = 0; row < count; ++row) table.add(columns, row);
          },
      .can_restart = [] { return true; },
  };
  query.run(top_sql(request, true), consumer, false);
  ResultOutput output("");
  output.write(table.text());
  output.finish();
}

void show_rows(FlowQuery& query, const Options& options) {
  ResultOutput output("");
  auto writer = make_result_writer(result_format(options.common.format, os::is_terminal(1)), output);
  FlowQuery::Consumer consumer{
      .begin = [&](const auto& columns) { output.restart(), writer->begin(columns); },
      .rows = [&](const auto& columns, size_t count) { writer->rows(columns, count); },
      .can_restart = [&] { return output.can_restart(); },
  };
  query.run(top_sql(options.request, false), consumer, options.common.format == "json");
  writer->end();
  output.finish();
}

}  // namespace

int run_top(const Arguments& arguments) {
  CLI::App app(
      "Shows where most of the traffic comes from, by source address, or the top values of any other column "
      "of the flows.",
      "weir top");
  Options options;
  try {
    options = parse(arguments, app);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    throw usage_error(std::string("top: ") + error.what() + "; see weir top --help");
  }
  return run_flow_query(options.common, [&](FlowQuery& query) {
    check_top(options.request, query.columns());
    options.common.format == "table" ? show_table(query, options.request) : show_rows(query, options);
  });
}

}  // namespace weir
