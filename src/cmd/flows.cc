// SPDX-License-Identifier: Apache-2.0
// Implements `weir flows`: a list of stored flows.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/error.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/query_options.h"
#include "config/arguments.h"
#include "query/flow_list.h"
#include "query/flows_view.h"

namespace weir {
namespace {

constexpr const char* kDefaultFields =
    "time_received,sampler_address,proto_name,src_addr,src_port,dst_addr,dst_port,packets,bytes";

constexpr const char* kFooter =
    "A field is a column of `flows` (weir query 'DESCRIBE flows' lists them); --fields all prints every one.\n"
    "Filters: docs/reference/filter.md; weir filter EXPRESSION shows what one means.\n\n"
    "Examples:\n"
    "  weir flows --where 'ip 192.0.2.7' --since -1h\n"
    "  weir flows --sort bytes -n 10 --where 'dst port 443 and proto tcp'\n"
    "  weir flows --since yesterday --until today -n 1000000 --format csv > day.csv";

struct Options {
  QueryFlags common;
  FlowListRequest request;
  std::string fields = kDefaultFields;
};

Options parse(const Arguments& arguments, CLI::App& app) {
  Options options;
  add_query_flags(app, options.common);
  app.add_option("-n", options.request.count, "at most this many flows (default: 50)")
      ->option_text("N")
      ->check(CLI::Range(1, 1'000'000'000));
  app.add_option("--sort", options.request.sort, "largest values of this field first (default: newest first)")
      ->option_text("FIELD");
  app.add_option("--fields", options.fields, std::string("fields to print (default: ") + kDefaultFields + ")")
      ->option_text("FIELD,..");
  app.add_option("--time", options.common.time,
                 "time that --since, --until and \"newest\" refer to (default: received)")
      ->option_text("received|start|end");
  app.add_option("--format", options.common.format, "table (default), csv or json (one object per line)")
      ->check(CLI::IsMember({"table", "csv", "json"}))
      ->option_text("FORMAT");
  add_table_flags(app, options.common);
  app.footer(kFooter);
  parse_words(app, arguments);
  if (!options.common.time.empty()) options.request.time = parse_time_column(options.common.time);
  return options;
}

std::vector<std::string> fields_of(const Options& options, const StoreColumns& columns) {
  if (options.fields != "all") return split_list(options.fields);
  std::vector<std::string> all;
  for (const FlowsColumn& column : flows_columns(columns)) all.push_back(column.name);
  return all;
}

}  // namespace

int run_flows(const Arguments& arguments) {
  CLI::App app("Lists stored flows, the newest first.", "weir flows");
  Options options;
  if (!parse_or_help(app, [&] { options = parse(arguments, app); })) return 0;
  return run_flow_query(options.common, [&](FlowQuery& query) {
    options.request.fields = fields_of(options, query.columns());
    check_flow_list(options.request, query.columns());
    if (options.request.is_newest())
      return print_rows(query, newest_flows(options.request, query.segment_starts()), options.common);
    const std::optional<std::string> bound = query.first_row(flow_list_bound_sql(options.request)).at(1);
    print_rows(query, FlowQuery::only(flow_list_sql(options.request, bound)), options.common);
  });
}

}  // namespace weir
