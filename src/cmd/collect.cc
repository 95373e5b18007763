// SPDX-License-Identifier: Apache-2.0
// `weir collect`: wiring. Sinks first, sockets last; stopped in reverse.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/collect.h"
#include "cmd/collect_log.h"
#include "cmd/disk_full.h"
#include "cmd/kept.h"
#include "cmd/ledger_watch.h"
#include "cmd/options.h"
#include "cmd/outputs.h"
#include "cmd/pipeline.h"
#include "cmd/reload.h"
#include "cmd/stop_watch.h"
#include "cmd/token_option.h"
#include "http/address.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/process.h"
#include "os/signals.h"
#include "store/partition.h"
#include "web/routes.h"

namespace weir {
namespace {

constexpr int kSecondMs = 1'000;

TemplateStoreConfig template_config(const CollectConfig& config, SenderBudget& budget, os::Signals& signals) {
  TemplateStoreConfig templates;
  templates.hold = {config.hold_for_ns, config.hold_bytes_per_exporter, config.hold_bytes};
  templates.fallback_after_ns = config.template_fallback_ns;
  templates.fields = config.field_table.get();
  templates.borrow = config.borrow;
  templates.lifetime_ns = config.template_lifetime_ns;
  if (!config.keeps_nothing) templates.journal_path = config.data + "/templates.journal";
  templates.most_templates_bytes_per_exporter = config.templates_bytes_per_exporter;
  templates.budget = &budget;
  templates.keep_fields = KeepFields::no;
  templates.stop_loading = [&signals] { return signals.wait(0) == os::Event::stop; };
  return templates;
}

SinkFigures sink_figures(const Output& output) {
  OutputStats stats = output.stats();
  SinkFigures figures{output.name(),
                      static_cast<int64_t>(stats.sent_records),
                      static_cast<int64_t>(stats.queued_batches),
                      {},
                      {},
                      stats.is_failing,
                      stats.turned_at_ns};
  for (size_t i = 0; i < kOutputErrorCount; ++i) {
    figures.errors.emplace_back(kOutputErrorNames[i], static_cast<int64_t>(stats.errors[i]));
    figures.dropped.emplace_back(kOutputErrorNames[i], static_cast<int64_t>(stats.dropped_records[i]));
  }
  return figures;
}

std::vector<SinkFigures> all_sink_figures(const Outputs& outputs) {
  std::vector<SinkFigures> figures;
  outputs.for_each([&](const Output& output) { figures.push_back(sink_figures(output)); });
  return figures;
}

std::optional<StoreMetrics> store_metrics(const FlowStore* store) {
  if (!store) return {};
  FlowStoreFigures figures = store->figures();
  StoreMetrics metrics;
  for (const LevelFigures& level : figures.live.levels) {
    metrics.segments.push_back(static_cast<int64_t>(level.segments));
    metrics.rows += static_cast<int64_t>(level.rows);
    metrics.bytes += static_cast<int64_t>(level.bytes);
  }
  metrics.counter_rows = static_cast<int64_t>(figures.live.counters.rows);
  metrics.counter_bytes = static_cast<int64_t>(figures.live.counters.bytes);
  metrics.stored_rows = static_cast<int64_t>(figures.stored_rows);
  metrics.oldest_ns = figures.live.oldest_ns;
  metrics.free_bytes = static_cast<int64_t>(figures.free_bytes);
  metrics.unlisted_files = static_cast<int64_t>(figures.unlisted.files);
  metrics.unlisted_bytes = static_cast<int64_t>(figures.unlisted.bytes);
  for (size_t i = 0; i < kRemovalCount; ++i)
    metrics.removed_rows.emplace_back(kRemovalNames[i], static_cast<int64_t>(figures.removed_rows[i]));
  metrics.merged_segments = static_cast<int64_t>(figures.merge.merged_segments);
  metrics.merge_bounds = kMergeSecondsBounds;
  metrics.merges.assign(figures.merge.merges.begin(), figures.merge.merges.end());
  metrics.merge_seconds = figures.merge.seconds;
  return metrics;
}

void say_started(const CollectConfig& config, const LedgerRows& ledger, unsigned workers, const HttpServer* http) {
  for (const Listener& listener : config.listen) {
    auto socket = std::ranges::find(ledger.sockets, listener.uri, &SocketRow::listener);
    std::string line = "listening on " + listener.uri + ", " + std::to_string(workers) + " workers";
    if (socket != ledger.sockets.end()) {
      line += ", receive buffer " + std::to_string(socket->receive_buffer_bytes >> 10) + " KiB each";
      if (socket->receive_buffer_bytes < config.receive_buffer_bytes)
        line += " (asked for " + std::to_string(config.receive_buffer_bytes >> 10) + "; raise net.core.rmem_max)";
    }
    log_info("collect", line);
  }
  if (!config.no_store)
    log_info("collect", "flows are stored in " + config.data + "/" + std::string(table_name(Table::flows)));
  if (http)
    log_info("collect",
             "metrics and ledger at " + http_url(config.http, http->port(), !config.http_certificate.empty()));
  if (os::is_terminal(2) && !config.listen.empty())
    log_info("collect", "test traffic: weir gen --to 127.0.0.1:" + std::to_string(config.listen[0].endpoint.port));
}

// Collecting matters more than being looked at: an address that nobody asked for may be taken.
std::unique_ptr<HttpServer> open_http(const LoadedConfig& loaded) {
  if (loaded.config.http == "off") return nullptr;
  try {
    return std::make_unique<HttpServer>(http_server_config(loaded.config));
  } catch (const Error& error) {
    if (!loaded.http_by_default) throw;
    log_warning("collect", std::string(error.what()) + "; going on without HTTP");
    return nullptr;
  }
}

enum class End : uint8_t { signal, reader_gone, directory_gone };

// Until a signal says stop, or it is no use to go on.
End run_until_stopped(os::Signals& signals, Pipeline& pipeline, LedgerKeeper& keeper, LedgerWatch& watch,
                      const Kept& kept, Outputs& outputs, Reload& reload) {
  int64_t next = os::monotonic_ns();
  for (;;) {
    next += int64_t{kSecondMs} * 1'000'000;
    for (;;) {
      int64_t left_ms = (next - os::monotonic_ns()) / 1'000'000;
      if (left_ms <= 0) break;
      os::Event event = signals.wait(static_cast<int>(std::min<int64_t>(left_ms, 100)));
      if (event == os::Event::stop) return End::signal;
      if (event == os::Event::reload) {
        reload.run();
        outputs.reopen();
      }
      if (outputs.broken()) return End::reader_gone;
    }
    if (kept.directory_has_left()) return End::directory_gone;
    pipeline.update_drops();
    outputs.look();
    keeper.save_if_due();
    watch.look(os::monotonic_ns() / 1'000'000'000);
    next = std::max(next, os::monotonic_ns() - int64_t{kSecondMs} * 1'000'000);
  }
}

void say_end(End end, const CollectConfig& config, const Outputs& outputs) {
  if (end == End::reader_gone)
    log_error("collect", "nobody reads " + outputs.broken()->destination() +
                             " any more: stopping; the records that it did not take are lost");
  if (end == End::directory_gone)
    log_error("collect", "the data directory " + config.data +
                             " was removed or replaced while it was in use: stopping, as what is stored now could not "
                             "be found again; start Weir again, it makes a new one");
}

std::string_view why(End end) {
  return end == End::reader_gone ? "the reader of the output has gone" : "the data directory has gone";
}

// What is known of who sends: templates, and where their streams were.
struct SenderTables {
  SenderTables(const CollectConfig& config, Kept& kept, os::Signals& signals)
      : templates(naming_full_disk(config.data,
                                   [&] { return TemplateStore(template_config(config, kept.budget, signals)); })),
        streams(kept.ledger, templates, &kept.budget, limits::kSessions, config.ignore_ports) {
    if (templates.loading_stopped()) return;
    streams.restore(kept.load_sequences());
    streams.restore_sessions();
    templates.for_each(
        [&](const SessionKey& key, const Plan&) { kept.ledger.account(account_of(key)).templates.add(); });
  }

  TemplateStore templates;
  Streams streams;
};

void say_lost(int64_t records) {
  if (records > 0)
    log_warning("collect", std::to_string(records) + " flows were decoded but not yet stored when the run before " +
                               "ended; they are lost, and counted as sink_dropped");
}

// From the sockets onwards. What was given up.
GivenUpAtStop stop_in_order(Pipeline& pipeline, Outputs& outputs, LedgerKeeper& keeper, const Ledger& ledger) {
  const int64_t sets_before = totals_of(ledger.rows()).given_up_sets;
  GivenUpAtStop given_up;
  given_up.datagrams = static_cast<int64_t>(pipeline.stop());
  outputs.stop();
  keeper.save();
  given_up.sets = totals_of(ledger.rows()).given_up_sets - sets_before;
  outputs.for_each([&](const Output& output) { given_up.records += given_up_at_stop(output.stats()); });
  return given_up;
}

}  // namespace

int run_collect(const Arguments& arguments) {
  const auto load = [&] { return load_collect_settings(arguments); };
  return collect(load(), load);
}

int collect(const LoadedConfig& loaded, const std::function<LoadedConfig()>& load) {
  const CollectConfig& config = loaded.config;
  set_log_format(config.log_format);
  set_log_level(config.log_level);
  for (const std::string& warning : loaded.warnings) log_warning("collect", warning);
  os::raise_open_files();
  say_starting(config.keeps_nothing ? "none" : config.data);
  os::Signals signals;
  StopTime stop_time;
  unsigned workers = config.workers ? config.workers : std::clamp(std::thread::hardware_concurrency(), 1u, 256u);

  Kept kept(config);
  Ledger& ledger = kept.ledger;
  BatchPool pool;
  ReceiveClock clock(config.keep_ns);
  const auto outputs =
      naming_full_disk(config.data, [&] { return std::make_unique<Outputs>(config, stop_time, clock, ledger); });
  say_lost(outputs->lost_before());
  SenderTables senders(config, kept, signals);
  if (senders.templates.loading_stopped()) return static_cast<int>(ExitCode::ok);

  // Sockets, all bound before any is read.
  const Stages stages({}, ledger);
  AllowedSenders allowed(config.allow);
  Pipeline pipeline({config, workers, senders.templates, senders.streams, ledger, pool, stages,
                     [&](const BatchRef& batch) { outputs->deliver(batch); },
                     [&](std::unique_ptr<CounterBatch> batch) { outputs->deliver(CounterBatchRef(std::move(batch))); },
                     clock, allowed, stop_time});
  std::atomic<bool> ready{false};
  std::unique_ptr<HttpServer> http = open_http(loaded);
  Reload reload(loaded, load, {kept, clock, senders.templates, allowed, *outputs, pipeline, http.get()});
  if (http)
    add_routes(*http, {build_info(), &ready, [&] { return ledger_rows(ledger, senders.templates); },
                       [&] { return all_sink_figures(*outputs); }, [&] { return store_metrics(outputs->store()); },
                       kept.previous_was_unclean(), [&] { return clock.is_held(); }, [&] { return reload.figures(); }});

  // Start, from the sinks backwards.
  outputs->start();
  if (http) http->start();
  LedgerWatch ledger_watch(ledger);
  pipeline.start();
  LedgerKeeper keeper(kept.saved(), ledger, senders.templates, senders.streams, outputs->store());
  keeper.save();
  ready = true;
  kept.started();
  const LedgerRows at_start = ledger.rows();
  say_started(config, at_start, workers, http.get());

  const End end = run_until_stopped(signals, pipeline, keeper, ledger_watch, kept, *outputs, reload);
  say_end(end, config, *outputs);

  const int64_t stopping_ns = os::monotonic_ns();
  StopWatch watch(signals, stop_time, config.stop_timeout_ns);
  ready = false;
  const GivenUpAtStop given_up = stop_in_order(pipeline, *outputs, keeper, ledger);
  if (http) http->stop();
  say_stopped(end == End::signal ? signals.stop_signal() : why(end), totals_of(at_start), totals_of(ledger.rows()),
              given_up, os::monotonic_ns() - stopping_ns);
  return static_cast<int>(end == End::signal ? ExitCode::ok : ExitCode::runtime_failure);
}

}  // namespace weir
