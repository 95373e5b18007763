// SPDX-License-Identifier: Apache-2.0
// Implements `weir exporters`: shows the loss ledger of a data directory or of a running collector.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/amounts.h"
#include "base/error.h"
#include "cmd/cmd.h"
#include "config/arguments.h"
#include "config/options.h"
#include "config/server_option.h"
#include "ledger/ledger_json.h"
#include "ledger/saved_ledger.h"
#include "os/clock.h"
#include "os/file.h"
#include "show/exporters_table.h"
#include "show/exporters_view.h"
#include "store/segments.h"

namespace weir {

using Json = nlohmann::ordered_json;

namespace {
struct ExportersOptions {
  std::string data, format = "table";
  ServerOptions server;
  ExportersView view;
};
}  // namespace

// Empty if only help was requested.
static std::optional<ExportersOptions> parse(const Arguments& arguments) {
  ExportersOptions options;
  CLI::App app("Shows what became of everything each exporter sent.", "weir exporters");
  auto* data = app.add_option("--data", options.data, "data directory of the collector (default: as for weir collect)")
                   ->option_text("DIR");
  add_server_options(app, options.server)->excludes(data);
  app.add_option("--format", options.format, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->option_text("table|json");
  app.add_option(
         "--only", options.view.only,
         "only exporters with loss, drops, refusals, malformed or expired data (lossy), those that have sent nothing "
         "for 5 minutes (silent), or those of an address or prefix")
      ->option_text("lossy|silent|ADDR");
  app.add_option("--sort", options.view.sort,
                 "sort by this column: numbers from the greatest down, names from A to Z, lastseen from the newest. "
                 "One of: " +
                     sort_names())
      ->option_text("COLUMN");
  app.footer(
      "rec/s is averaged from an exporter's first datagram to its last.\n"
      "\n"
      "Examples:\n"
      "  weir exporters\n"
      "  weir exporters --only lossy --sort lost\n"
      "  weir exporters --server http://127.0.0.1:8080 --format json");
  if (!parse_or_help(app, [&] { parse_words(app, arguments); })) return {};
  check_view(options.view);
  return options;
}

static Json from_data(const std::string& data) {
  if (!os::exists(data))
    throw usage_error("the data directory " + data + " does not exist; name the collector's with --data, or ask a " +
                      "running collector with --server");
  std::string path = data + "/catalog.db";
  if (!os::exists(path))
    throw usage_error("there is no ledger in " + data + " (no " + path + "); name the data directory of weir collect " +
                      "with --data");
  // In this order: the store discards its noted counts only once the ledger has them.
  const std::vector<StoredCount> noted = Segments::read_noted_counts(data);
  LedgerSnapshot rows = SavedLedger::read(path);
  for (const StoredCount& count : noted)
    raise_acknowledged(rows, "store", count.entry, count.table == Table::counters, count.stored);
  return ledger_json(std::move(rows));
}

static Json from_server(const ServerOptions& server_options) {
  const std::string& server = server_options.url;
  const HttpAnswer answer = ask_server(server_options, "/api/v1/exporters");
  Json rows = Json::parse(answer.body, nullptr, false);
  if (!rows.is_array())
    throw runtime_failure(server + " answers with something else than a list of exporters; is it weir collect's " +
                          "--http address?");
  return rows;
}

// For a data directory: says so if no collector is running on it.
static void print_whether_running(const std::string& data, const Json& rows) {
  if (os::lock_state(data + "/lock").locked) return;
  int64_t newest = -1;
  for (const Json& row : rows)
    if (auto silent = row.find("silent_seconds"); silent != row.end() && silent->is_number())
      newest = newest < 0 ? silent->get<int64_t>() : std::min(newest, silent->get<int64_t>());
  std::fprintf(stderr, "! No collector runs on %s: this is what the last one saved%s.\n", data.c_str(),
               newest < 0 ? "" : ("; its newest datagram came " + age_text(newest) + " ago").c_str());
}

static void print_table(const Json& rows, const ExportersView& view) {
  const TableStyle style = os::is_terminal(1) ? TableStyle::terminal : TableStyle::plain;
  std::fputs(exporters_table(rows, style, !view.only.empty()).c_str(), stdout);
  std::fflush(stdout);
  for (const std::string& hint : exporters_hints(rows)) std::fprintf(stderr, "! %s\n", hint.c_str());
}

// One object per line: readable, and still one JSON array.
static void print_json(const Json& rows) {
  std::string text = "[";
  for (size_t i = 0; i < rows.size(); ++i) text += (i ? ",\n " : "\n ") + rows[i].dump();
  text += rows.empty() ? "]\n" : "\n]\n";
  std::fputs(text.c_str(), stdout);
}

int run_exporters(const Arguments& arguments) {
  auto options = parse(arguments);
  if (!options) return 0;
  std::string data = options->data.empty() ? load_collect_config({}).data : options->data;
  Json rows = options->server.url.empty() ? from_data(data) : from_server(options->server);
  add_figures(rows, os::realtime_ns());
  Json chosen = select_rows(rows, options->view);
  if (options->format == "json") remove_figures(chosen);  // same as the API's answer
  options->format == "json" ? print_json(chosen) : print_table(chosen, options->view);
  if (options->server.url.empty()) print_whether_running(data, rows);
  if (std::fflush(stdout) != 0 && errno != EPIPE)
    throw runtime_failure("cannot write to standard output: " + os::error_text(errno));
  return 0;
}

}  // namespace weir
