// SPDX-License-Identifier: Apache-2.0
#include "store/store_output.h"

#include <errno.h>

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "base/time_units.h"
#include "os/advice.h"
#include "os/clock.h"
#include "os/file.h"
#include "store/partition.h"

namespace weir {

namespace {

// Between two looks into an empty queue. Flows wait seconds for their flush anyway, and a wake-up for each batch would
// cost the workers more than handing it over does.
constexpr std::chrono::milliseconds kPause{50};
constexpr int64_t kLookEveryNs = kSecond;
constexpr int64_t kRetentionEveryNs = kMinute;

std::string remedy(int error) {
  std::string advice(os::advice(error));
  if (output_error(error) == OutputError::no_space)
    return advice + ", or bound the store with store.max_size or store.keep; storing goes on by itself";
  return advice + "; the next segment is tried again";
}

std::string low_text(const FreeSpace& space) {
  return "less than " + std::to_string(space.floor() >> 20) + " MiB are free (store.min_free)";
}

QueuedOutputConfig queued(const StoreOutputConfig& config) {
  return {.thread = "store",
          .log = "store",
          .queue = {config.queue_batches, config.queue_bytes, config.counter_batches},
          .stop_time = config.stop_time,
          .pause = kPause,
          .is_woken = false};
}

}  // namespace

StoreOutput::StoreOutput(const StoreOutputConfig& config, Segments& segments, Retention& retention, FreeSpace& space,
                         ReceiveClock& clock, Ledger& ledger, OutputCounts& entry)
    : QueuedOutput(queued(config), entry),
      config_(config),
      segments_(segments),
      retention_(retention),
      space_(space),
      clock_(clock),
      ledger_(ledger) {}

void StoreOutput::drop_rows(Table table, uint32_t entry, uint64_t rows, OutputError reason) {
  table == Table::counters ? drop_counters(entry, rows) : drop(entry, reason, rows);
}

void StoreOutput::begin() { look_around(os::monotonic_ns()); }

void StoreOutput::work(bool) {
  const int64_t now = os::monotonic_ns();
  if (now >= next_look_ns_) look_around(now);
  flush_due(now);
}

void StoreOutput::end() {
  while (!open_.empty()) flush(take_out(open_.front().get()));
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
    return report_lost(Table::flows, ENOSPC, batch.rows(), low_text(space_));
  }
  std::span<const Run> runs = batch.runs();
  while (!runs.empty()) {
    int64_t hour = hour_of(runs.front().received_ns);
    auto of_hour = [&](const Run& run) { return hour_of(run.received_ns) == hour; };
    auto count = static_cast<size_t>(std::ranges::find_if_not(runs, of_hour) - runs.begin());
    std::span<const Run> now = runs.first(count);
    rows_.begin(Table::flows, hour);
    for (const Run& run : now) rows_.add(run.entry, run.rows, run.received_ns, run.clock_held);
    add(rows_, [&](SegmentWriter& writer) { return writer.add(batch, now); });
    runs = runs.subspan(count);
  }
}

void StoreOutput::take(const CounterBatch& batch) {
  if (space_.is_low()) {
    drop(batch);
    return report_lost(Table::counters, ENOSPC, batch.size(), low_text(space_));
  }
  std::span<const CounterSample> samples = batch;
  while (!samples.empty()) {
    int64_t hour = hour_of(samples.front().received_ns);
    auto of_hour = [&](const CounterSample& sample) { return hour_of(sample.received_ns) == hour; };
    auto count = static_cast<size_t>(std::ranges::find_if_not(samples, of_hour) - samples.begin());
    std::span<const CounterSample> now = samples.first(count);
    rows_.begin(Table::counters, hour);
    for (const CounterSample& sample : now) rows_.add(sample.entry, 1, sample.received_ns, sample.clock_held);
    add(rows_, [&](SegmentWriter& writer) { return writer.add(now); });
    samples = samples.subspan(count);
  }
}

// `write` writes the rows with the writer: 0 or errno.
template <class Write>
void StoreOutput::add(const Rows& rows, Write write) {
  int error = 0;
  OpenSegment* segment = segment_of(rows.table, rows.hour, error);
  if (!segment) {
    uint64_t lost = 0;
    for (const auto& [entry, count] : rows.of_entries) {
      drop_rows(rows.table, entry, count, output_error(error));
      lost += count;
    }
    counters_.error(output_error(error));
    return report_lost(rows.table, error, lost,
                       "cannot make a folder below " + segments_.file(std::string(table_name(rows.table))) + ": " +
                           os::error_text(error));
  }
  for (const auto& [entry, count] : rows.of_entries) segment->rows[entry] += count;
  segment->yardstick_ns = std::max(segment->yardstick_ns, rows.yardstick_ns);
  error = write(segment->writer);
  if (error)
    lose(take_out(segment), error, "cannot write " + segments_.file(segment->path) + ": " + os::error_text(error));
}

// nullptr and an errno if none can be opened.
StoreOutput::OpenSegment* StoreOutput::segment_of(Table table, int64_t hour, int& error) {
  for (const auto& segment : open_)
    if (segment->table == table && segment->hour == hour) return segment.get();
  std::string path = segments_.new_path(hour, error, table);
  if (path.empty()) return nullptr;
  auto of_table = [&](const auto& segment) { return segment->table == table; };
  if (static_cast<size_t>(std::ranges::count_if(open_, of_table)) == kMaxOpen)
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

// A segment opened in an earlier clock hour is flushed at once, so that it can be merged; one opened later, for data
// replayed into that hour, has the full flush time.
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
  if (space_.free_bytes() < limits::kCatalogReserveBytes)
    return lose(std::move(segment), ENOSPC, "less than 1 MiB is free, which the catalog needs");
  if (std::string error = list(*segment, figures); !error.empty()) {
    space_.look();
    bool full = space_.free_bytes() < limits::kCatalogReserveBytes;  // others write to this disk too
    return lose(std::move(segment), full ? ENOSPC : EIO, error);
  }
  for (const auto& [entry, rows] : segment->rows)
    segment->table == Table::flows ? acknowledge(entry, rows) : acknowledge_counters(entry, rows);
  counters_.sent_bytes(figures.bytes);
  works("flows are stored again");
  next_retention_ns_ = os::monotonic_ns() + kRetentionEveryNs;
  retention_.run();
}

// "", or the reason why not.
std::string StoreOutput::list(const OpenSegment& segment, const SegmentFigures& figures) {
  std::vector<StoredCount> stored;
  for (const auto& [entry, rows] : segment.rows) {
    LedgerEntry& a = ledger_.at(entry);
    if (a.retired.load(std::memory_order_relaxed)) continue;  // the next save counts it under "other"
    const DeliveryCounts known = entry_.counts(entry);
    const int64_t before = known.of[segment.table == Table::flows ? kDeliveryAcknowledged : kCountersAcknowledged];
    stored.push_back({a.key, before + static_cast<int64_t>(rows), segment.table});
  }
  std::string error;
  Segment listed;
  listed.path = segment.path;
  listed.hour = segment.hour;
  listed.figures = figures;
  listed.table = segment.table;
  listed.yardstick_ns = segment.yardstick_ns;
  segments_.change({listed}, {}, stored, error);
  return error;
}

void StoreOutput::lose(std::unique_ptr<OpenSegment> segment, int error, const std::string& why) {
  const OutputError reason = output_error(error);
  uint64_t lost = 0;
  for (const auto& [entry, rows] : segment->rows) {
    drop_rows(segment->table, entry, rows, reason);
    lost += rows;
  }
  counters_.error(reason);
  const std::string path = segment->path;
  const Table table = segment->table;
  segment.reset();  // the writer removes the unfinished file
  segments_.give_up(path);
  report_lost(table, error, lost, why);
}

void StoreOutput::report_lost(Table table, int error, uint64_t rows, const std::string& why) {
  Lost lost;
  (table == Table::flows ? lost.records : lost.samples) = rows;
  report(output_error(error), why, lost, remedy(error));
}

}  // namespace weir
