// SPDX-License-Identifier: Apache-2.0
// Implements `weir filter`: shows how a filter expression is understood.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/error.h"
#include "base/json_text.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "config/arguments.h"
#include "config/options.h"
#include "filter/parser.h"
#include "filter/printer.h"
#include "filter/sql.h"
#include "os/clock.h"
#include "query/time_range.h"

namespace weir {
namespace {

constexpr const char* kFooter =
    "Exit code: 0 if the expression is right; 2 if it is not, with the place and what was expected there.\n"
    "The words of the language: docs/reference/filter.md. Fields of [[field]] are taken from the configuration.\n\n"
    "Examples:\n"
    "  weir filter 'src net 10.0.0.0/8 and (dst port 443 or proto udp) and bytes > 1M'\n"
    "  weir filter --sql 'flags S and not flags A'\n"
    "  weir filter --format json 'in if \"ge-0/0/1\"'";

struct Options {
  std::string expression, format = "text", zone;
  bool sql = false;
};

Options parse(const Arguments& arguments, CLI::App& app) {
  Options options;
  app.add_option("expression", options.expression, "the filter, in quotes")->option_text("FILTER")->required();
  app.add_option("--format", options.format,
                 "text (default) or json: the tree, the SQL condition, the meaning in words")
      ->check(CLI::IsMember({"text", "json"}))
      ->option_text("FORMAT");
  app.add_option("--tz", options.zone, "time zone of times in the filter that name none (default: UTC)")
      ->option_text("Europe/Berlin|local");
  app.add_flag("--sql", options.sql, "print only the SQL condition, over the view `flows`");
  app.footer(kFooter);
  parse_words(app, arguments);
  return options;
}

// A mistake in the configuration, perhaps in its own filter, must not hide what is wrong with the expression.
std::shared_ptr<const FieldTable> configured_fields() {
  try {
    return load_collect_config({}).field_table;
  } catch (const Error& error) {
    std::fprintf(stderr, "weir: without the fields of [[field]], because of the configuration: %s\n",
                 printable_lines(error.what()).c_str());
    return std::make_shared<const FieldTable>(std::vector<ExtraField>());
  }
}

void print_text(const Filter& filter, const FieldTable& fields) {
  std::printf("filter  %s\nmeans   %s\nSQL     %s\n", printable(filter_text(filter, fields)).c_str(),
              printable(filter_in_words(filter, fields)).c_str(), printable(filter_sql(filter, fields)).c_str());
}

void print_json(const Filter& filter, const FieldTable& fields) {
  std::printf("{\"filter\":%s,\"tree\":%s,\"sql\":%s,\"words\":%s}\n", json_string(filter_text(filter, fields)).c_str(),
              filter_json(filter, fields).c_str(), json_string(filter_sql(filter, fields)).c_str(),
              json_string(filter_in_words(filter, fields)).c_str());
}

int print_json_error(const FilterProblem& problem) {
  std::printf("{\"error\":{\"at\":%zu,\"length\":%zu,\"found\":%s,\"expected\":%s,\"hint\":%s}}\n", problem.at,
              problem.length, json_string(problem.found).c_str(), json_string(problem.expected).c_str(),
              problem.hint.empty() ? "null" : json_string(problem.hint).c_str());
  return static_cast<int>(ExitCode::usage);
}

}  // namespace

int run_filter(const Arguments& arguments) {
  CLI::App app("Shows how a filter expression is understood: as a filter, in words, and as SQL.", "weir filter");
  Options options;
  if (!parse_or_help(app, [&] { options = parse(arguments, app); })) return 0;
  const std::shared_ptr<const FieldTable> fields = configured_fields();
  const TimeZone zone = parse_zone("--tz", options.zone);
  try {
    const Filter filter = parse_filter(options.expression, *fields, {os::realtime_ns(), zone});
    if (options.sql)
      std::printf("%s\n", filter_sql(filter, *fields).c_str());
    else
      options.format == "json" ? print_json(filter, *fields) : print_text(filter, *fields);
  } catch (const FilterError& error) {
    if (options.format != "json") throw;
    return print_json_error(error.problem());
  }
  return 0;
}

}  // namespace weir
