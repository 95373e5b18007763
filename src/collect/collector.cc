// SPDX-License-Identifier: Apache-2.0
#include "collect/collector.h"

#include <algorithm>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "base/time_units.h"
#include "collect/disk_full.h"
#include "collect/figures.h"
#include "collect/stop_watch.h"
#include "config/token_option.h"
#include "filter/parser.h"
#include "os/clock.h"
#include "web/routes.h"

namespace weir {

static constexpr int64_t kTurnNs = kSecond;
static constexpr int64_t kMaxWaitMs = 100;  // between two looks at the outputs

static unsigned worker_count(const CollectConfig& config) {
  return config.workers ? config.workers : std::clamp(std::thread::hardware_concurrency(), 1u, 256u);
}

Collector::Collector(const LoadedConfig& loaded, Load load)
    : loaded_(loaded),
      load_(std::move(load)),
      workers_(worker_count(config_)),
      kept_(config_),
      clock_(config_.keep_ns),
      outputs_(naming_full_disk(config_.data,
                                [&] { return std::make_unique<Outputs>(config_, stop_time_, clock_, kept_.ledger); })),
      senders_(config_, kept_, signals_),
      stages_(make_stages(), kept_.ledger),
      allowed_(config_.allow),
      ledger_watch_(kept_.ledger) {
  say_lost(outputs_->lost_before());
}

std::vector<std::unique_ptr<Stage>> Collector::make_stages() {
  auto where = std::make_unique<FilterStage>(make_predicate(config_.where, *config_.field_table, kNoRelativeTimes));
  where_ = where.get();
  std::vector<std::unique_ptr<Stage>> stages;
  stages.push_back(std::move(where));
  return stages;
}

void Collector::open() {
  pipeline_ = std::make_unique<Pipeline>(PipelineParts{
      config_, workers_, senders_.templates, senders_.streams, kept_.ledger, pool_, stages_,
      [this](const BatchRef& batch) { outputs_->deliver(batch); },
      [this](std::unique_ptr<CounterBatch> batch) { outputs_->deliver(CounterBatchRef(std::move(batch))); }, clock_,
      allowed_, stop_time_});
  open_http();
  reload_ = std::make_unique<Reload>(
      loaded_, load_,
      RunningParts{kept_, clock_, senders_.templates, allowed_, *outputs_, *pipeline_, *where_, http_.get()});
  keeper_ = std::make_unique<LedgerKeeper>(kept_.saved(), kept_.ledger, senders_.templates, senders_.streams,
                                           outputs_->store());
}

// Collecting matters more than the HTTP interface: the default address may be in use.
void Collector::open_http() {
  if (config_.http == "off") return;
  try {
    http_ = std::make_unique<HttpServer>(http_server_config(config_));
  } catch (const Error& error) {
    if (!loaded_.http_by_default) throw;
    log_warning("collect", std::string(error.what()) + "; going on without HTTP");
    return;
  }
  add_routes(*http_, {build_info(), &ready_, [this] { return ledger_snapshot(kept_.ledger, senders_.templates); },
                      [this] { return all_sink_figures(*outputs_); },
                      [this] { return store_metrics(outputs_->store()); }, kept_.previous_was_unclean(),
                      [this] { return clock_.is_held(); }, [this] { return reload_->figures(); }});
}

void Collector::start() {
  outputs_->start();
  if (http_) http_->start();
  pipeline_->start();
  keeper_->save();
  ready_ = true;
  kept_.started();
  at_start_ = kept_.ledger.rows();
  say_started(loaded_, at_start_, workers_, http_.get());
}

Collector::End Collector::run() {
  int64_t next_ns = os::monotonic_ns();
  for (;;) {
    next_ns += kTurnNs;
    if (const std::optional<End> end = wait_until(next_ns)) return *end;
    if (kept_.directory_has_left()) return End::directory_gone;
    turn();
    next_ns = std::max(next_ns, os::monotonic_ns() - kTurnNs);
  }
}

std::optional<Collector::End> Collector::wait_until(int64_t next_ns) {
  for (;;) {
    const int64_t left_ms = (next_ns - os::monotonic_ns()) / 1'000'000;
    if (left_ms <= 0) return {};
    const os::Event event = signals_.wait(static_cast<int>(std::min(left_ms, kMaxWaitMs)));
    if (event == os::Event::stop) return End::signal;
    if (event == os::Event::reload) {
      reload_->run();
      outputs_->reopen();
    }
    if (outputs_->broken()) return End::reader_gone;
  }
}

void Collector::turn() {
  pipeline_->update_drops();
  outputs_->look();
  keeper_->save_if_due();
  ledger_watch_.look(os::monotonic_ns() / 1'000'000'000);
}

static std::string_view why(Collector::End end) {
  return end == Collector::End::reader_gone ? "the reader of the output has gone" : "the data directory has gone";
}

void Collector::say_end(End end) const {
  if (end == End::reader_gone)
    log_error("collect", "nobody reads " + outputs_->broken()->destination() +
                             " any more: stopping; the records that it did not take are lost");
  if (end == End::directory_gone)
    log_error("collect", "the data directory " + config_.data +
                             " was removed or replaced while it was in use: stopping, as what is stored now could not "
                             "be found again; start Weir again, it makes a new one");
}

// In order, starting with the sockets. Returns what was given up.
GivenUpAtStop Collector::stop_in_order() {
  const int64_t sets_before = totals_of(kept_.ledger.rows()).given_up_sets;
  GivenUpAtStop given_up;
  given_up.datagrams = static_cast<int64_t>(pipeline_->stop());
  outputs_->stop();
  keeper_->save();
  given_up.sets = totals_of(kept_.ledger.rows()).given_up_sets - sets_before;
  outputs_->for_each([&](const Output& output) { given_up.records += given_up_at_stop(output.stats()); });
  return given_up;
}

int Collector::stop(End end) {
  say_end(end);
  const int64_t stopping_ns = os::monotonic_ns();
  StopWatch watch(signals_, stop_time_, config_.stop_timeout_ns);
  ready_ = false;
  const GivenUpAtStop given_up = stop_in_order();
  if (http_) http_->stop();
  say_stopped(end == End::signal ? signals_.stop_signal() : why(end), totals_of(at_start_),
              totals_of(kept_.ledger.rows()), given_up, os::monotonic_ns() - stopping_ns);
  return static_cast<int>(end == End::signal ? ExitCode::ok : ExitCode::runtime_failure);
}

}  // namespace weir
