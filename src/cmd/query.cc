// SPDX-License-Identifier: Apache-2.0
// Implements `weir query`: SQL over the stored flows.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdio>

#include "base/error.h"
#include "cmd/cmd.h"
#include "cmd/query_options.h"
#include "config/arguments.h"
#include "os/file.h"
#include "query/result_output.h"

namespace weir {
namespace {

constexpr const char* kFooter =
    "The view `flows` has one row per flow record, the view `counters` one per sFlow counter sample;\n"
    "DESCRIBE flows lists the columns. The statement may also read your own files (read_csv, read_parquet). It only\n"
    "reads: results go to standard output or --output.\n"
    "\n"
    "Examples:\n"
    "  weir query 'SELECT count(*), sum(bytes) FROM flows'\n"
    "  weir query --since -1h \"SELECT dst_port, sum(bytes) AS bytes FROM flows WHERE proto_name = 'TCP'\n"
    "                          GROUP BY dst_port ORDER BY bytes DESC LIMIT 10\"\n"
    "  weir query --since yesterday --until today --output day.parquet --format parquet 'FROM flows'";

struct Options {
  QueryFlags common;
  std::string sql, output;
};

Options parse(const Arguments& arguments, CLI::App& app) {
  Options options;
  add_query_flags(app, options.common);
  std::string by;
  app.add_option("--by", by, "the former name of --time")->group("");  // not in the help
  app.add_option("--time", options.common.time, "which time of a flow --since and --until refer to (default: received)")
      ->option_text("received|start|end");
  app.add_option("--format", options.common.format, "table, csv, json (one object per line) or parquet")
      ->check(CLI::IsMember({"table", "csv", "json", "parquet"}))
      ->option_text("FORMAT");
  app.add_option("--output", options.output, "file to write (default: -, standard output)")->option_text("FILE");
  app.add_option("sql", options.sql, "one statement; - reads it from standard input")->option_text("SQL")->required();
  add_table_flags(app, options.common);
  app.footer(kFooter);
  parse_words(app, arguments);
  if (!by.empty()) {
    std::fprintf(stderr, "weir: query --by is now --time, as in weir top and weir flows\n");
    options.common.time = by;
  }
  if (options.output == "-") options.output.clear();
  return options;
}

std::string read_standard_input() {
  std::string text;
  char piece[4096];
  while (size_t n = std::fread(piece, 1, sizeof piece, stdin)) text.append(piece, n);
  return text;
}

void write_parquet(FlowQuery& query, const std::string& sql, const Options& options) {
  ResultOutput output(options.output);
  query.write_parquet(sql, output.file_to_fill());
  output.finish();
}

// A statement that does not name the view cannot read from it.
bool mentions_counters(std::string sql) {
  std::ranges::transform(sql, sql.begin(), [](unsigned char c) { return std::tolower(c); });
  return sql.contains(table_name(Table::counters));
}

}  // namespace

int run_query(const Arguments& arguments) {
  CLI::App app("Runs an SQL query over the flows that a collector has stored.", "weir query");
  Options options;
  if (!parse_or_help(app, [&] { options = parse(arguments, app); })) return 0;
  bool parquet = options.common.format == "parquet";
  if (parquet && options.output.empty() && os::is_terminal(1))
    throw usage_error("Parquet is not for a terminal; name a file with --output, or send it through a pipe");
  std::string sql = options.sql == "-" ? read_standard_input() : options.sql;
  options.common.counters = mentions_counters(sql);
  return run_flow_query(options.common, [&](FlowQuery& query) {
    parquet ? write_parquet(query, sql, options)
            : print_rows(query, FlowQuery::only(sql), options.common, options.output);
  });
}

}  // namespace weir
