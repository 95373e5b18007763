// SPDX-License-Identifier: Apache-2.0
#include "store/store_output.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
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

const char* remedy(OutputError reason) {
  if (reason == OutputError::no_space)
    return "free space on that disk, or bound the store with store.max_size or store.keep; storing goes on by itself";
  if (reason == OutputError::file_too_large) return "raise the limit of a file's size (ulimit -f)";
  return "look at the disk (dmesg) and at who owns the data directory; the next segment is tried again";
}

}  // namespace

StoreOutput::StoreOutput(const StoreOutputConfig& config, Segments& segments, Retention& retention, FreeSpace& space,
                         Ledger& ledger, int64_t lost_before)
    : config_(config),
      segments_(segments),
      retention_(retention),
      space_(space),
      ledger_(ledger),
      queue_(config.queue_batches) {
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

void StoreOutput::drop(const FlowBatch& batch, OutputError reason) {
  for (const Run& run : batch.runs()) drop(run.account, run.rows, reason);
  counters_.error(reason);
}

void StoreOutput::drop(uint32_t account, uint64_t rows, OutputError reason) {
  ledger_.at(account).sink_dropped.add(static_cast<int64_t>(rows));
  counters_.dropped(reason, rows);
}

void StoreOutput::write_until_stopped() {
  os::block_write_signals();
  BatchRef batch;
  for (;;) {
    bool taken = queue_.pop(batch, 0);
    int64_t now = os::monotonic_ns();
    if (now >= next_look_ns_) look_around(now);
    if (taken) {
      queued_bytes_.fetch_sub(batch->memory_bytes(), std::memory_order_relaxed);
      take(*batch);
      batch = BatchRef();
    }
    flush_due(now);
    if (taken) continue;
    if (queue_.closed() && queue_.size() == 0) break;  // in this order: once closed, nothing is added
    std::this_thread::sleep_for(kPause);
  }
  while (!open_.empty()) flush(take_out(open_.front().get()));
}

void StoreOutput::look_around(int64_t now_ns) {
  next_look_ns_ = now_ns + kLookEveryNs;
  clock_hour_ = hour_of(os::realtime_ns());
  space_.look();
  if (now_ns < next_retention_ns_) return;
  next_retention_ns_ = now_ns + kRetentionEveryNs;
  retention_.run(os::realtime_ns(), now_ns);
}

void StoreOutput::take(const FlowBatch& batch) {
  if (space_.is_low()) {
    drop(batch, OutputError::no_space);
    report(OutputError::no_space, batch.rows(),
           "less than " + std::to_string(space_.floor() >> 20) + " MiB are free (store.min_free)");
    return;
  }
  std::span<const Run> runs = batch.runs();
  while (!runs.empty()) {
    int64_t hour = hour_of(runs.front().received_ns);
    auto of_hour = [&](const Run& run) { return hour_of(run.received_ns) == hour; };
    auto count = static_cast<size_t>(std::ranges::find_if_not(runs, of_hour) - runs.begin());
    add(batch, runs.first(count), hour);
    runs = runs.subspan(count);
  }
}

void StoreOutput::add(const FlowBatch& batch, std::span<const Run> runs, int64_t hour) {
  int error = 0;
  OpenSegment* segment = segment_of(hour, error);
  if (!segment) {
    uint64_t lost = 0;
    for (const Run& run : runs) {
      drop(run.account, run.rows, output_error(error));
      lost += run.rows;
    }
    counters_.error(output_error(error));
    report(output_error(error), lost,
           "cannot make a folder below " + segments_.file(kFlowsFolder) + ": " + os::error_text(error));
    return;
  }
  for (const Run& run : runs) segment->rows[run.account] += run.rows;
  error = segment->writer.add(batch, runs);
  if (error)
    lose(take_out(segment), output_error(error),
         "cannot write " + segments_.file(segment->path) + ": " + os::error_text(error));
}

// nullptr and an errno where none can be opened.
StoreOutput::OpenSegment* StoreOutput::segment_of(int64_t hour, int& error) {
  for (const auto& segment : open_)
    if (segment->hour == hour) return segment.get();
  std::string path = segments_.new_path(hour, error);
  if (path.empty()) return nullptr;
  if (open_.size() == kMostOpen) flush(take_out(open_.front().get()));
  SegmentWriter writer(segments_.file(path), segments_.columns());
  open_.push_back(
      std::make_unique<OpenSegment>(OpenSegment{hour, clock_hour_, os::monotonic_ns(), path, std::move(writer), {}}));
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
    return lose(std::move(segment), output_error(error), why);
  }
  space_.look();
  if (space_.free_bytes() < limits::kCatalogRoomBytes)
    return lose(std::move(segment), OutputError::no_space, "less than 1 MiB is free, which the catalog needs");
  if (std::string error = list(*segment, figures); !error.empty()) {
    space_.look();
    bool full = space_.free_bytes() < limits::kCatalogRoomBytes;  // others write to this disk too
    return lose(std::move(segment), full ? OutputError::no_space : OutputError::input_output, error);
  }
  for (const auto& [account, rows] : segment->rows) ledger_.at(account).stored.add(static_cast<int64_t>(rows));
  counters_.sent_records(figures.rows);
  counters_.sent_bytes(figures.bytes);
  if (failing_) log_info("store", "flows are stored again");
  failing_ = false;
  next_retention_ns_ = os::monotonic_ns() + kRetentionEveryNs;
  retention_.run(os::realtime_ns(), os::monotonic_ns());
}

// "", or why not.
std::string StoreOutput::list(const OpenSegment& segment, const SegmentFigures& figures) {
  std::vector<StoredCount> stored;
  for (const auto& [account, rows] : segment.rows) {
    const Account& a = ledger_.at(account);
    stored.push_back({a.key, a.stored.value() + static_cast<int64_t>(rows)});
  }
  std::string error;
  segments_.change({{0, segment.path, 0, segment.hour, figures}}, {}, stored, error);
  return error;
}

void StoreOutput::lose(std::unique_ptr<OpenSegment> segment, OutputError reason, const std::string& why) {
  uint64_t lost = 0;
  for (const auto& [account, rows] : segment->rows) {
    drop(account, rows, reason);
    lost += rows;
  }
  counters_.error(reason);
  std::string path = segment->path;
  segment.reset();  // the writer removes what is unfinished
  segments_.give_up(path);
  report(reason, lost, why);
}

void StoreOutput::report(OutputError reason, uint64_t lost, const std::string& why) {
  lost_since_logged_ += lost;
  failing_ = true;
  int64_t now = os::monotonic_ns();
  if (logged_ns_ != 0 && now - logged_ns_ < kLogEveryNs) return;
  logged_ns_ = now;
  log_error("store", why + "; " + std::to_string(lost_since_logged_) + " flows lost (" +
                         std::string(kOutputErrorNames[index(reason)]) + "); " + remedy(reason));
  lost_since_logged_ = 0;
}

OutputStats StoreOutput::stats() const {
  OutputStats stats = counters_.stats();
  stats.queued_batches = queue_.size();
  stats.queue_capacity = queue_.capacity();
  return stats;
}

}  // namespace weir
