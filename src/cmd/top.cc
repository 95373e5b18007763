// SPDX-License-Identifier: Apache-2.0
// Implements `weir top`: which addresses, ports and so on have most of the traffic.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/error.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/query_options.h"
#include "config/arguments.h"
#include "os/file.h"
#include "query/top.h"
#include "query/top_table.h"

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
  if (!parse_or_help(app, [&] { options = parse(arguments, app); })) return 0;
  return run_flow_query(options.common, [&](FlowQuery& query) {
    check_top(options.request, query.columns());
    options.common.format == "table" ? show_table(query, options.request) : show_rows(query, options);
  });
}

}  // namespace weir
