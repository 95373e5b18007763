// SPDX-License-Identifier: Apache-2.0
#include "output/queued_output.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/time_units.h"
#include "os/clock.h"
#include "os/output_file.h"

namespace weir {

static constexpr int64_t kLogEveryNs = 10 * kSecond;

QueuedOutput::QueuedOutput(const QueuedOutputConfig& config, OutputCounts& entry)
    : entry_(entry), config_(config), queue_(config.queue.batches + config.queue.counter_batches) {}

void QueuedOutput::start() {
  worker_.emplace(config_.thread, [this](std::stop_token) { run(); });
}

void QueuedOutput::stop() {
  if (stopping_.exchange(true)) return;
  queue_.close();
  if (worker_)
    worker_->join();
  else
    run();
}

// ---- Any thread

void QueuedOutput::offer(const BatchRef& batch) {
  const size_t bytes = batch->memory_bytes();
  const bool fits = queued_batches_.fetch_add(1, std::memory_order_relaxed) < config_.queue.batches &&
                    queued_bytes_.load(std::memory_order_relaxed) + bytes <= config_.queue.bytes;
  queued_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (fits && queue_.try_push({batch, {}, bytes})) return;
  queued_batches_.fetch_sub(1, std::memory_order_relaxed);
  queued_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  drop(*batch, stopping() ? OutputError::stopped : OutputError::queue_full);
}

void QueuedOutput::offer(const CounterBatchRef& batch) {
  const bool fits = queued_counters_.fetch_add(1, std::memory_order_relaxed) < config_.queue.counter_batches;
  if (fits && queue_.try_push({{}, batch, 0})) return;
  queued_counters_.fetch_sub(1, std::memory_order_relaxed);
  drop(*batch);
}

void QueuedOutput::drop(const FlowBatch& batch, OutputError reason) {
  counters_.error(reason);
  for (const Run& run : batch.runs()) drop(run.entry, reason, run.rows);
}

void QueuedOutput::drop(const CounterBatch& batch) {
  for (const CounterSample& sample : batch) drop_counters(sample.entry, 1);
}

void QueuedOutput::acknowledge(uint32_t entry, uint64_t records) {
  counters_.sent_records(records);
  entry_.acknowledge(entry, static_cast<int64_t>(records));
}

void QueuedOutput::acknowledge_counters(uint32_t entry, uint64_t samples) {
  entry_.acknowledge_counters(entry, static_cast<int64_t>(samples));
}

void QueuedOutput::drop(uint32_t entry, OutputError reason, uint64_t records) {
  counters_.dropped(reason, records);
  entry_.drop(entry, reason, static_cast<int64_t>(records));
}

void QueuedOutput::drop_counters(uint32_t entry, uint64_t samples) {
  entry_.drop_counters(entry, static_cast<int64_t>(samples));
}

void QueuedOutput::lost_before(int64_t records) {
  if (records <= 0) return;
  counters_.error(OutputError::crash);
  counters_.dropped(OutputError::crash, static_cast<uint64_t>(records));
}

OutputStats QueuedOutput::stats() const {
  OutputStats stats = counters_.stats();
  stats.queued_batches = queued_batches_.load(std::memory_order_relaxed);
  stats.queue_capacity = config_.queue.batches;
  stats.is_failing = failing_.load(std::memory_order_relaxed);
  stats.turned_at_ns = turned_at_ns_.load(std::memory_order_relaxed);
  return stats;
}

// ---- The output's thread

void QueuedOutput::run() {
  os::block_write_signals();
  begin();
  bool idle = true;
  for (;;) {
    const bool closed = queue_.closed();  // before checking the queue: once closed, nothing is added
    turned_at_ns_.store(os::monotonic_ns(), std::memory_order_relaxed);
    const bool taken = take_next(idle);
    idle = !taken;
    work(idle);
    if (idle && closed) break;
  }
  end();
}

bool QueuedOutput::take_next(bool waits) {
  const bool closed = queue_.closed();
  if (waits && !config_.is_woken && !closed) std::this_thread::sleep_for(config_.pause);
  Queued next;
  if (!queue_.pop(next, waits && config_.is_woken ? static_cast<int>(config_.pause.count()) : 0)) return false;
  if (next.flows) {
    queued_batches_.fetch_sub(1, std::memory_order_relaxed);
    queued_bytes_.fetch_sub(next.bytes, std::memory_order_relaxed);
    out_of_time() ? drop(*next.flows, OutputError::stop_timeout) : take_selected(*next.flows);
  } else {
    queued_counters_.fetch_sub(1, std::memory_order_relaxed);
    out_of_time() ? drop(*next.counters) : take(*next.counters);
  }
  return true;
}

// Batches are shared with other outputs, so the selected rows are taken from a copy, unless all of them are selected.
void QueuedOutput::take_selected(const FlowBatch& batch) {
  if (!config_.where) return take(batch);
  const std::span<const uint8_t> others = config_.where->others(batch, scratch_);
  int64_t all = 0;
  for (const Run& run : batch.runs()) {
    const int64_t rows = std::ranges::count(others.subspan(run.first_row, run.rows), 1);
    if (rows) entry_.filter(run.entry, rows);
    all += rows;
  }
  if (all == 0) return take(batch);
  if (all == batch.rows()) return;
  selected_.copy_from(batch);
  selected_.remove_rows(others);
  take(selected_);
}

void QueuedOutput::take(const CounterBatch& batch) {
  for (const CounterSample& sample : batch) entry_.filter_counters(sample.entry, 1);
}

void QueuedOutput::report(OutputError reason, const std::string& why, const Lost& lost, const std::string& remedy) {
  failing_ = true;
  lost_since_logged_.records += lost.records;
  lost_since_logged_.samples += lost.samples;
  const int64_t now = os::monotonic_ns();
  if (logged_ns_ != 0 && now - logged_ns_ < kLogEveryNs) return;
  logged_ns_ = now;
  const Lost all = std::exchange(lost_since_logged_, {});
  std::string what = all.records || !all.samples ? std::to_string(all.records) + " flows" : "";
  if (all.samples) what += (what.empty() ? "" : " and ") + std::to_string(all.samples) + " counter samples";
  log_error(config_.log, why + "; " + what + " lost (" + std::string(name_of(reason)) + "); " + remedy);
}

void QueuedOutput::works(const std::string& line) {
  if (failing_.exchange(false)) log_info(config_.log, line);
}

}  // namespace weir
