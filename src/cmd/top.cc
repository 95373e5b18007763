// SPDX-License-Identifier: Apache-2.0
// Implements `weir top`: which addresses, ports and so on have most of the traffic.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/error.h"
#include "base/text.h"
#include "base/time_units.h"
#include "cmd/cmd.h"
#include "cmd/query_options.h"
#include "config/arguments.h"
#include "os/clock.h"
#include "os/file.h"
#include "query/top.h"
#include "query/top_notes.h"
#include "query/top_table.h"

namespace weir {
namespace {

constexpr const char* kFooter =
    "A key is a column of `flows` (weir query 'DESCRIBE flows' lists them); separate several by commas.\n"
    "Of an address, /24/64 makes its network: the prefix length for IPv4, then for IPv6 (/24: 64 for IPv6).\n"
    "Bytes and packets are as exported; --scale multiplies them by the sampling rate.\n"
    "\n"
    "Examples:\n"
    "  weir top\n"
    "  weir top src_addr/24/64 --where 'dst port 443' --rate --scale\n"
    "  weir top proto_name --every 5m --since -1h --format csv\n"
    "  weir top dst_port,proto_name --by flows -n 20 --since -1h\n"
    "  weir top sampler_address --format json";

struct Options {
  QueryFlags common;
  TopRequest request;
};

int64_t every_flag(const std::string& text) {
  const int64_t ns = parse_duration_ns(text);
  if (ns < kSecond || ns % kSecond != 0)
    throw usage_error("--every: " + in_quotes(text) + " is no interval of whole seconds; write 5m, 1h or 1d");
  return ns;
}

Options parse(const Arguments& arguments, CLI::App& app) {
  Options options;
  std::string keys = "src_addr", every;
  app.add_option("key", keys, "what to group by (default: src_addr)")->option_text("KEY,..");
  app.add_option("--by", options.request.measure, "what to rank by (default: bytes)")
      ->option_text("bytes|packets|flows");
  app.add_option("-n", options.request.count, "how many rows to show (default: 10)")
      ->option_text("N")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--every", every, "a row per interval, with the column time: 5m, 1h")->option_text("TIME");
  app.add_flag("--rate", options.request.rate, "also packets and bits per second");
  app.add_flag("--scale", options.request.scale,
               "multiply bytes and packets by the sampling rate of each flow (if it is unknown, by 1)");
  add_query_flags(app, options.common);
  app.add_option("--time", options.common.time, "which time of a flow --since and --until refer to (default: received)")
      ->option_text("received|start|end");
  app.add_option("--format", options.common.format, "table, csv or json (one object per line)")
      ->check(CLI::IsMember({"table", "csv", "json"}))
      ->option_text("FORMAT");
  app.footer(kFooter);
  parse_words(app, arguments);
  options.request.keys = split_list(keys);
  if (!every.empty()) options.request.every_ns = every_flag(every);
  if (!options.common.time.empty()) options.request.time = parse_time_column(options.common.time);
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

void say_notes(FlowQuery& query, const Options& options, const QuerySettings& settings, int64_t now_ns) {
  const CountedFlows counted = counted_flows(query.first_row(counted_flows_sql(settings.range.column)));
  const bool is_table = options.common.format == "table";
  for (const std::string& note : {is_table ? times_note(counted, settings.range, {now_ns, settings.engine.zone}) : "",
                                  rates_note(counted, options.request.scale)})
    if (!note.empty()) std::fprintf(stderr, "weir: %s\n", note.c_str());
}

}  // namespace

int run_top(const Arguments& arguments) {
  CLI::App app(
      "Shows where most of the traffic comes from, by source address, or the top values of any other column "
      "of the flows.",
      "weir top");
  Options options;
  if (!parse_or_help(app, [&] { options = parse(arguments, app); })) return 0;
  const QuerySettings settings = query_settings(options.common);
  const TimeRange& range = settings.range;
  options.request.zone = settings.engine.zone;
  const int64_t now_ns = os::realtime_ns(), until_ns = range.has_until() ? range.until_ns : now_ns;
  if (range.has_since()) options.request.span_ns = until_ns - range.since_ns;
  return run_flow_query(options.common, [&](FlowQuery& query) {
    check_top(options.request, query.columns());
    if (options.common.format == "table")
      show_table(query, options.request);
    else
      print_rows(query, FlowQuery::only(top_sql(options.request, false)), options.common);
    say_notes(query, options, settings, now_ns);
  });
}

}  // namespace weir
