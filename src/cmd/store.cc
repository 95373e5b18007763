// SPDX-License-Identifier: Apache-2.0
// Implements `weir store`: reports what a data directory's store contains.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/rfc3339.h"
#include "cmd/cmd.h"
#include "config/arguments.h"
#include "config/options.h"
#include "os/file.h"
#include "os/folder.h"
#include "show/store_table.h"
#include "store/partition.h"
#include "store/segments.h"
#include "store/unlisted.h"

namespace weir {

namespace {

using Json = nlohmann::ordered_json;

struct StatsOptions {
  std::string data, format = "table";
};

// Empty if only help was requested.
std::optional<StatsOptions> parse(const Arguments& arguments) {
  StatsOptions options;
  CLI::App app("Shows what the flow store contains.", "weir store");
  app.require_subcommand(1);
  CLI::App* stats = app.add_subcommand("stats",
                                       "segments, flows, bytes and times, by level and by day; counter samples only in "
                                       "total");
  stats->add_option("--data", options.data, "data directory of the collector (default: as for weir collect)")
      ->option_text("DIR");
  stats->add_option("--format", options.format, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->option_text("table|json");
  app.footer("Examples:\n  weir store stats\n  weir store stats --data /var/lib/weir --format json");
  try {
    parse_words(app, arguments);
  } catch (const CLI::CallForHelp&) {
    std::fputs((stats->parsed() ? stats->help("weir store") : app.help()).c_str(), stdout);
    return {};
  } catch (const CLI::ParseError& error) {
    throw usage_error(std::string("store: ") + error.what() + "; see weir store --help");
  }
  return options;
}

struct Sum {
  uint64_t segments = 0, rows = 0, bytes = 0;
  TimeSpan received{INT64_MAX, INT64_MIN};

  void add(const Segment& segment) {
    ++segments;
    rows += segment.figures.rows;
    bytes += segment.figures.bytes;
    received.min_ns = std::min(received.min_ns, segment.figures.received.min_ns);
    received.max_ns = std::max(received.max_ns, segment.figures.received.max_ns);
  }
};

Json to_json(const Sum& sum) {
  auto time = [&](int64_t ns) { return sum.rows ? Json(rfc3339_ms(ns)) : Json(); };
  return {{"segments", sum.segments},
          {"rows", sum.rows},
          {"bytes", sum.bytes},
          {"bytes_per_row", sum.rows ? Json(static_cast<double>(sum.bytes) / static_cast<double>(sum.rows)) : Json()},
          {"oldest", time(sum.received.min_ns)},
          {"newest", time(sum.received.max_ns)}};
}

Json stats_json(const std::string& data) {
  Sum all, counters;
  std::map<int, Sum> levels;
  std::map<std::string, Sum> days;
  const std::vector<Segment> segments = Segments::read(data);
  for (const Segment& segment : segments) {
    if (segment.table == Table::counters) {
      counters.add(segment);
      continue;
    }
    all.add(segment);
    levels[segment.level].add(segment);
    days[day_text(segment.hour)].add(segment);
  }
  os::Space space = os::space_at(data);
  Json stats = to_json(all);
  stats["free_bytes"] = space.free;
  stats["total_bytes"] = space.total;
  stats["levels"] = stats["days"] = Json::array();
  auto append = [](Json& list, Json name, const Sum& sum) {
    name.update(to_json(sum));
    list.push_back(std::move(name));
  };
  stats["fields"] = Json::array();
  for (const ExtraColumn& column : Segments::read_extra_columns(data))
    stats["fields"].push_back({{"name", column.field.name},
                               {"type", name_of(column.field.type)},
                               {"element", column.field.element_text()},
                               {"id", column.id}});
  for (const auto& [level, sum] : levels) append(stats["levels"], {{"level", level}}, sum);
  for (const auto& [day, sum] : days) append(stats["days"], {{"day", day}}, sum);
  stats["counters"] = to_json(counters);
  const Unlisted unlisted = find_unlisted(data, segments);
  stats["unlisted"] = {{"files", unlisted.files}, {"bytes", unlisted.bytes}};
  return stats;
}

}  // namespace

int run_store(const Arguments& arguments) {
  auto options = parse(arguments);
  if (!options) return 0;
  Json stats = stats_json(options->data.empty() ? load_collect_config({}).data : options->data);
  std::string text = options->format == "json" ? stats.dump(2) + "\n" : store_table(stats, os::is_terminal(1));
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace weir
