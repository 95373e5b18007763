// SPDX-License-Identifier: Apache-2.0
#include "cmd/query_options.h"

#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "base/text.h"
#include "config/options.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/interrupt.h"
#include "os/process.h"
#include "show/progress_bar.h"

namespace weir {
namespace {

constexpr int kInterruptedExit = 130;
constexpr int64_t kMinMemory = 64 << 20;

int64_t time_flag(const char* flag, const std::string& text, const TimeZone& zone) {
  try {
    return parse_time(text, {os::realtime_ns(), zone});
  } catch (const Error& error) {
    throw usage_error(std::string(flag) + ": " + error.what());
  }
}

// TZ may be something else than a name, for which TimeZone would be UTC.
void check_local_zone(const TimeZone& local) {
  const std::string given = os::environment("TZ");
  const std::string name = given.starts_with(':') ? given.substr(1) : given;
  if (local.is_utc() && !name.empty() && !TimeZone::named(name))
    throw usage_error("--tz local: the variable TZ, " + in_quotes(given) +
                      ", names no time zone of this machine; write Europe/Berlin or UTC");
}

TimeZone zone_flag(const std::string& name) {
  if (auto zone = TimeZone::named(name)) {
    if (name == "local") check_local_zone(*zone);
    return *zone;
  }
  throw usage_error("--tz: " + in_quotes(name) +
                    " is no time zone of this machine; write Europe/Berlin, UTC or local (other zones need the package "
                    "tzdata)");
}

int64_t memory_flag(const std::string& text) {
  int64_t bytes = parse_bytes(text);
  if (bytes < kMinMemory)
    throw usage_error("--memory: \"" + text + "\" is no size of at least 64MiB; write 512MiB or 4GiB");
  return bytes;
}

int tell_problems(const FlowQuery& query) {
  for (const std::string& problem : query.problems()) std::fprintf(stderr, "weir: %s\n", problem.c_str());
  if (query.problems().empty()) return 0;
  std::fprintf(stderr, "weir: the answer is incomplete: %zu segment%s left out, %zu read\n", query.problems().size(),
               query.problems().size() == 1 ? "" : "s", static_cast<size_t>(query.segments_read()));
  return static_cast<int>(ExitCode::runtime_failure);
}

}  // namespace

void add_query_flags(CLI::App& app, QueryFlags& flags) {
  app.add_option("--data", flags.data, "data directory of the collector (default: as for weir collect)")
      ->option_text("DIR");
  app.add_option("--since", flags.since,
                 "flows from this time on: 2026-11-21T09:30Z, 2026-11-21, -1h, today, yesterday")
      ->option_text("TIME");
  app.add_option("--until", flags.until, "flows before this time")->option_text("TIME");
  app.add_option("--tz", flags.zone,
                 "time zone of times that are printed, and of those in --since, --until and --where that name none "
                 "(default: UTC); times inside SQL are UTC")
      ->option_text("Europe/Berlin|local");
  app.add_option("--where", flags.where,
                 "only flows that match this filter, as in 'src net 10.0.0.0/8 and dst port 443'")
      ->option_text("FILTER");
  app.add_option("--memory", flags.memory,
                 "memory to use at most; beyond it, data goes to $TMPDIR (default: half of RAM, at most 8GiB)")
      ->option_text("SIZE");
  app.add_option("--threads", flags.threads, "threads to use (default: one per core)")
      ->option_text("N")
      ->check(CLI::Range(1, 1024));
}

void add_table_flags(CLI::App& app, QueryFlags& flags) {
  app.add_flag("--expanded", flags.expanded, "a line for each column of each row, instead of a table");
  app.add_flag("--no-pager", flags.no_pager, "on a terminal, do not show the table with $PAGER (default: less)");
}

QuerySettings query_settings(const QueryFlags& flags) {
  if (flags.expanded && flags.format != "table")
    throw usage_error("--expanded is a form of --format table; leave out --expanded or --format " + flags.format);
  QuerySettings settings;
  settings.counters = flags.counters;
  settings.data = flags.data.empty() ? load_collect_config({}).data : flags.data;
  const TimeZone zone = flags.zone.empty() ? TimeZone() : zone_flag(flags.zone);
  settings.engine.zone = zone;
  if (!flags.since.empty()) settings.range.since_ns = time_flag("--since", flags.since, zone);
  if (!flags.until.empty()) settings.range.until_ns = time_flag("--until", flags.until, zone);
  if (!flags.time.empty()) settings.range.column = parse_time_column(flags.time);
  if (!flags.memory.empty()) settings.engine.memory_bytes = memory_flag(flags.memory);
  settings.where = flags.where;
  settings.engine.threads = flags.threads;
  settings.engine.external_access = true;  // the user's own statement may read the user's own files
  if (settings.range.since_ns > settings.range.until_ns)
    throw usage_error("--since " + flags.since + " is later than --until " + flags.until + ": no flow is in between");
  return settings;
}

int run_flow_query(const QueryFlags& flags, const std::function<void(FlowQuery&)>& work) {
  os::raise_open_files();
  QuerySettings settings = query_settings(flags);
  os::TemporaryFolder spill("weir-spill");
  settings.engine.spill_folder = spill.path();
  ProgressBar bar;
  settings.engine.track_progress = ProgressBar::is_wanted();
  if (settings.engine.track_progress) settings.on_progress = [&bar](double done) { bar.show(done); };
  settings.on_answer = [&bar] { bar.clear(); };
  FlowQuery query(std::move(settings));
  os::OnInterrupt interrupt([](void* running) { static_cast<FlowQuery*>(running)->interrupt(); }, &query);
  try {
    work(query);
  } catch (const OutputClosed&) {
    return 0;
  } catch (const QueryInterrupted&) {
    bar.clear();
    std::fputs("weir: interrupted\n", stderr);
    return kInterruptedExit;
  } catch (const Error&) {
    bar.clear();
    tell_problems(query);
    throw;
  }
  bar.clear();
  return tell_problems(query);
}

}  // namespace weir
