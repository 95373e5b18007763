// SPDX-License-Identifier: Apache-2.0
#include "store/store_output.h"

#include <errno.h>

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "os/advice.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/output_file.h"
#include "store/partition.h"

namespace weir {

namespace {

// Between two looks into an empty queue. Flows wait seconds for their flush anyway, and being woken for each batch
// would cost the workers more than handing it over does.
constexpr std::chrono::milliseconds kPause{50};
constexpr int64_t kLookEveryNs = 1'000'000'000;
constexpr int64_t kRetentionEveryNs = 60'000'000'000;
constexpr int64_t kLogEveryNs = 10'000'000'000;

size_t index(OutputError reason) { return static_cast<size_t>(reason); }

std::string remedy(int error) {
  std::string advice(os::advice(error));
  if (output_error(error) == OutputError::no_space)
    return advice + ", or bound the store with store.max_size or store.keep; storing goes on by itself";
  return advice + "; the next segment is tried again";
}

std::string low_text(const FreeSpace& space) {
  return "less than " + std::to_string(space.floor() >> 20) + " MiB are free (store.min_free)";
}

Counter& stored_of(Account& account, Table table) {
  return table == Table::flows ? account.stored : account.counters_stored;
}

}  // namespace

StoreOutput::StoreOutput(const StoreOutputConfig& config, Segments& segments, Retention& retention, FreeSpace& space,
                         ReceiveClock& clock, Ledger& ledger, int64_t lost_before)
    : config_(config),
      segments_(segments),
      retention_(retention),
      space_(space),
      clock_(clock),
      ledger_(ledger),
      queue_(config.queue_batches),
      counter_queue_(config.counter_batches) {
  if (lost_before <= 0) return;
  counters_.error(OutputError::crash);
  counters_.dropped(OutputError::crash, static_cast<uint64_t>(lost_before));
}

StoreOutput::~StoreOutput() { stop(); }

void StoreOutput::start() {
  worker_.emplace("store", [this](std::stop_token) { write_until_stopped(); });
}

void StoreOutput::stop() {
  if (stopping_.exchange(true)) return;
  queue_.close();
  counter_queue_.close();
  if (worker_)
    worker_->join();
  else
    write_until_stopped();
}

void StoreOutput::offer(const BatchRef& batch) {
  size_t bytes = batch->memory_bytes();
  bool fits = queued_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= config_.queue_bytes;
  if (fits && queue_.try_push(BatchRef(batch))) return;
  queued_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  drop(*batch, stopping_.load(std::memory_order_relaxed) ? OutputError::stopped : OutputError::queue_full);
}

void StoreOutput::offer_counters(std::unique_ptr<CounterBatch> batch) {
  const CounterBatch& samples = *batch;  // still ours where the queue does not take them
  if (!counter_queue_.try_push(std::move(batch))) drop(samples);
}

void StoreOutput::drop(const FlowBatch& batch, OutputError reason) {
  for (const Run& run : batch.runs()) drop(Table::flows, run.account, run.rows, reason);
  counters_.error(reason);
}

void StoreOutput::drop(const CounterBatch& batch) {
  for (const CounterSample& sample : batch) ledger_.at(sample.account).counters_dropped.add();
}

void StoreOutput::drop(Table table, uint32_t account, uint64_t rows, OutputError reason) {
  // Last: with that the account may become another exporter's.
  if (table == Table::counters) return ledger_.at(account).counters_dropped.add_last(static_cast<int64_t>(rows));
  ledger_.at(account).sink_dropped.add_last(static_cast<int64_t>(rows));
  counters_.dropped(reason, rows);
}

void StoreOutput::write_until_stopped() {
  os::block_write_signals();
  for (;;) {
    bool closed = queue_.closed() && counter_queue_.closed();  // before looking: once closed, nothing is added
    int64_t now = os::monotonic_ns();
    if (now >= next_look_ns_) look_around(now);
    bool taken = take_next();
    flush_due(now);
    if (taken) continue;
    if (closed) break;
    std::this_thread::sleep_for(kPause);
  }
  while (!open_.empty()) flush(take_out(open_.front().get()));
}

// One batch of each kind.
bool StoreOutput::take_next() {
  BatchRef batch;
  bool taken = queue_.pop(batch, 0);
  if (taken) {
    queued_bytes_.fetch_sub(batch->memory_bytes(), std::memory_order_relaxed);
    out_of_time() ? drop(*batch, OutputError::stop_timeout) : take(*batch);
  }
  std::unique_ptr<CounterBatch> counters;
  if (!counter_queue_.pop(counters, 0)) return taken;
  out_of_time() ? drop(*counters) : take(*counters);
  return true;
}

void StoreOutput::look_around(int64_t now_ns) {
  next_look_ns_ = now_ns + kLookEveryNs;
  clock_hour_ = hour_of(clock_.now().now_ns);
  space_.look();
  if (now_ns < next_retention_ns_) return;
  next_retention_ns_ = now_ns + kRetentionEveryNs;
  retention_.run();
}

void StoreOutput::take(const FlowBatch& batch) {
  if (space_.is_low()) {
    drop(batch, OutputError::no_space);
    return report(Table::flows, ENOSPC, batch.rows(), low_text(space_));
  }
  std::span<const Run> runs = batch.runs();
  while (!runs.empty()) {
    int64_t hour = hour_of(runs.front().received_ns);
    auto of_hour = [&](const Run& run) { return hour_of(run.received_ns) == hour; };
    auto count = static_cast<size_t>(std::ranges::find_if_not(runs, of_hour) - runs.begin());
    std::span<const Run> now = runs.first(count);
    rows_.begin(Table::flows, hour);
    for (const Run& run : now) rows_.add(run.account, run.rows, run.received_ns, run.clock_held);
    add(rows_, [&](SegmentWriter& writer) { return writer.add(batch, now); });
    runs = runs.subspan(count);
  }
}

void StoreOutput::take(const CounterBatch& batch) {
  if (space_.is_low()) {
    drop(batch);
    return report(Table::counters, ENOSPC, batch.size(), low_text(space_));
  }
  std::span<const CounterSample> samples = batch;
  while (!samples.empty()) {
    int64_t hour = hour_of(samples.front().received_ns);
    auto of_hour = [&](const CounterSample& sample) { return hour_of(sample.received_ns) == hour; };
    auto count = static_cast<size_t>(std::ranges::find_if_not(samples, of_hour) - samples.begin());
    std::span<const CounterSample> now = samples.first(count);
    rows_.begin(Table::counters, hour);
    for (const CounterSample& sample : now) rows_.add(sample.account, 1, sample.received_ns, sample.clock_held);
    add(rows_, [&](SegmentWriter& writer) { return writer.add(now); });
    samples = samples.subspan(count);
  }
}

// `write` puts the rows into the writer: 0 or errno.
template <class Write>
void StoreOutput::add(const Rows& rows, Write write) {
  int error = 0;
  OpenSegment* segment = segment_of(rows.table, rows.hour, error);
  if (!segment) {
    uint64_t lost = 0;
    for (const auto& [account, count] : rows.of_accounts) {
      drop(rows.table, account, count, output_error(error));
      lost += count;
    }
    counters_.error(output_error(error));
    return report(rows.table, error, lost,
                  "cannot make a folder below " + segments_.file(std::string(table_name(rows.table))) + ": " +
                      os::error_text(error));
  }
  for (const auto& [account, count] : rows.of_accounts) segment->rows[account] += count;
  segment->yardstick_ns = std::max(segment->yardstick_ns, rows.yardstick_ns);
  error = write(segment->writer);
  if (error)
    lose(take_out(segment), error, "cannot write " + segments_.file(segment->path) + ": " + os::error_text(error));
}

// nullptr and an errno where none can be opened.
StoreOutput::OpenSegment* StoreOutput::segment_of(Table table, int64_t hour, int& error) {
  for (const auto& segment : open_)
    if (segment->table == table && segment->hour == hour) return segment.get();
  std::string path = segments_.new_path(hour, error, table);
  if (path.empty()) return nullptr;
  auto of_table = [&](const auto& segment) { return segment->table == table; };
  if (static_cast<size_t>(std::ranges::count_if(open_, of_table)) == kMostOpen)
    flush(take_out(std::ranges::find_if(open_, of_table)->get()));
  SegmentWriter writer(segments_.file(path), segments_.columns(table), table);
  open_.push_back(std::make_unique<OpenSegment>(
      OpenSegment{table, hour, clock_hour_, os::monotonic_ns(), path, std::move(writer), {}, 0}));
  return open_.back().get();
}

std::unique_ptr<StoreOutput::OpenSegment> StoreOutput::take_out(const OpenSegment* segment) {
  auto at = std::ranges::find(open_, segment, &std::unique_ptr<OpenSegment>::get);
  std::unique_ptr<OpenSegment> taken = std::move(*at);
  open_.erase(at);
  return taken;
}

// An hour that has passed is finished at once, so that it can be merged; what is replayed into it later has its time.
void StoreOutput::flush_due(int64_t now_ns) {
  for (size_t i = 0; i < open_.size();) {
    const OpenSegment& segment = *open_[i];
    bool due = now_ns - segment.opened_ns >= config_.flush_ns || segment.writer.rows() >= config_.flush_rows ||
               segment.opened_in != clock_hour_;
    if (due)
      flush(take_out(&segment));
    else
      ++i;
  }
}

void StoreOutput::flush(std::unique_ptr<OpenSegment> segment) {
  SegmentFigures figures;
  if (int error = segment->writer.finish(figures)) {
    std::string why = "cannot write " + segments_.file(segment->path) + ": " + os::error_text(error);
    return lose(std::move(segment), error, why);
  }
  space_.look();
  if (space_.free_bytes() < limits::kCatalogRoomBytes)
    return lose(std::move(segment), ENOSPC, "less than 1 MiB is free, which the catalog needs");
  if (std::string error = list(*segment, figures); !error.empty()) {
    space_.look();
    bool full = space_.free_bytes() < limits::kCatalogRoomBytes;  // others write to this disk too
    return lose(std::move(segment), full ? ENOSPC : EIO, error);
  }
  for (const auto& [account, rows] : segment->rows)
    stored_of(ledger_.at(account), segment->table).add_last(static_cast<int64_t>(rows));
  if (segment->table == Table::flows) counters_.sent_records(figures.rows);
  counters_.sent_bytes(figures.bytes);
  if (failing_) log_info("store", "flows are stored again");
  failing_ = false;
  next_retention_ns_ = os::monotonic_ns() + kRetentionEveryNs;
  retention_.run();
}

// "", or why not.
std::string StoreOutput::list(const OpenSegment& segment, const SegmentFigures& figures) {
  std::vector<StoredCount> stored;
  for (const auto& [account, rows] : segment.rows) {
    Account& a = ledger_.at(account);
    if (a.retired.load(std::memory_order_relaxed)) continue;  // counted as "other" with the next save
    stored.push_back({a.key, stored_of(a, segment.table).value() + static_cast<int64_t>(rows), segment.table});
  }
  std::string error;
  segments_.change({{0, segment.path, 0, segment.hour, figures, segment.table, segment.yardstick_ns}}, {}, stored,
                   error);
  return error;
}

void StoreOutput::lose(std::unique_ptr<OpenSegment> segment, int error, const std::string& why) {
  const OutputError reason = output_error(error);
  uint64_t lost = 0;
  for (const auto& [account, rows] : segment->rows) {
    drop(segment->table, account, rows, reason);
    lost += rows;
  }
  counters_.error(reason);
  const std::string path = segment->path;
  const Table table = segment->table;
  segment.reset();  // the writer removes what is unfinished
  segments_.give_up(path);
  report(table, error, lost, why);
}

void StoreOutput::report(Table table, int error, uint64_t lost, const std::string& why) {
  lost_since_logged_[static_cast<size_t>(table)] += lost;
  failing_ = true;
  int64_t now = os::monotonic_ns();
  if (logged_ns_ != 0 && now - logged_ns_ < kLogEveryNs) return;
  logged_ns_ = now;
  std::string what;
  for (Table of : kTables)
    if (uint64_t count = std::exchange(lost_since_logged_[static_cast<size_t>(of)], 0))
      what += (what.empty() ? "" : " and ") + std::to_string(count) + " " + std::string(row_name(of));
  log_error("store", why + "; " + what + " lost (" + std::string(kOutputErrorNames[index(output_error(error))]) +
                         "); " + remedy(error));
}

OutputStats StoreOutput::stats() const {
  OutputStats stats = counters_.stats();
  stats.queued_batches = queue_.size();
  stats.queue_capacity = queue_.capacity();
  return stats;
}

}  // namespace weir
