// SPDX-License-Identifier: Apache-2.0
#include "store/merger.h"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/log.h"
#include "base/time_units.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/output_file.h"
#include "os/process.h"
#include "store/partition.h"

namespace weir {

namespace {

constexpr int64_t kLookEveryNs = kSecond;
constexpr int64_t kAfterHourNs = kMinute;  // an hour is over once its last rows have been flushed
constexpr int64_t kNoHourIsOver = INT64_MIN;
constexpr int64_t kAsideNs = kMinute;
constexpr int64_t kPausePerWork = 2;  // a third of a core
constexpr int kAll = 2;               // the level of a merge of an hour that is over

// A large segment is not rewritten just to add a few late rows.
constexpr uint64_t kLargeBytes = 16 << 20;
constexpr uint64_t kWorthPart = 16;

using Pointers = std::vector<const Segment*>;

uint64_t bytes_of(const Pointers& segments) {
  uint64_t bytes = 0;
  for (const Segment* segment : segments) bytes += segment->figures.bytes;
  return bytes;
}

// The first of `candidates` that together fit into one segment, at most `limit`; none if fewer than two fit.
Pointers that_fit(const Pointers& candidates, size_t limit, uint64_t max_bytes) {
  Pointers chosen;
  uint64_t bytes = 0;
  for (const Segment* segment : candidates) {
    if (chosen.size() == limit || bytes + segment->figures.bytes > max_bytes) break;
    bytes += segment->figures.bytes;
    chosen.push_back(segment);
  }
  return chosen.size() < 2 ? Pointers{} : chosen;
}

MergeJob job_of(const Pointers& chosen, int level) {
  MergeJob job{chosen.front()->hour, level, {}, chosen.front()->table};
  for (const Segment* segment : chosen) job.inputs.push_back(*segment);
  return job;
}

std::optional<MergeJob> by_count(const Pointers& hour, const MergeConfig& config) {
  for (int level : {1, 0}) {
    size_t count = level == 0 ? config.flushes : config.merged;
    Pointers candidates;
    for (const Segment* segment : hour)
      if (segment->level == level && segment->figures.bytes <= config.max_bytes / 2) candidates.push_back(segment);
    if (count < 2 || candidates.size() < count) continue;
    Pointers chosen = that_fit(candidates, count, config.max_bytes);
    if (!chosen.empty()) return job_of(chosen, level + 1);
  }
  return {};
}

// Smallest first, so that late rows accumulate before a large segment is rewritten for them.
std::optional<MergeJob> whole_hour(Pointers hour, const MergeConfig& config) {
  std::ranges::sort(hour, {}, [](const Segment* s) { return std::pair(s->figures.bytes, s->id); });
  Pointers chosen = that_fit(hour, hour.size(), config.max_bytes);
  if (chosen.empty()) return {};
  uint64_t largest = chosen.back()->figures.bytes;
  if (largest > kLargeBytes && bytes_of(chosen) - largest < largest / kWorthPart) chosen.pop_back();
  if (chosen.size() < 2) return {};
  std::ranges::sort(chosen, {}, [](const Segment* s) { return std::pair(s->figures.received.min_ns, s->id); });
  return job_of(chosen, kAll);
}

}  // namespace

std::optional<MergeJob> next_merge(const std::vector<Segment>& live, const std::set<int64_t>& unusable, int64_t now_ns,
                                   const MergeConfig& config) {
  for (size_t at = 0; at < live.size();) {
    int64_t hour = live[at].hour;
    std::array<Pointers, kTableCount> tables;
    for (; at < live.size() && live[at].hour == hour; ++at)
      if (!unusable.contains(live[at].id)) tables[static_cast<size_t>(live[at].table)].push_back(&live[at]);
    bool over = now_ns >= (hour + 1) * kHourNs + kAfterHourNs;
    for (const Pointers& segments : tables) {
      if (segments.size() < 2) continue;
      auto job = over ? whole_hour(segments, config) : by_count(segments, config);
      if (job) return job;
    }
  }
  return {};
}

Merger::Merger(const MergeConfig& config, Segments& segments, const FreeSpace& space, ReceiveClock& clock)
    : config_(config), segments_(segments), space_(space), clock_(clock) {}

void Merger::start() {
  worker_.emplace("store-merge", [this](std::stop_token stop) { work(stop); });
}

void Merger::request_stop() {
  if (worker_) worker_->request_stop();
}

void Merger::stop() {
  request_stop();
  worker_.reset();
}

void Merger::pause(int64_t ns, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  stopped_.wait_for(lock, stop, std::chrono::nanoseconds(ns), [] { return false; });
}

// Considers only merges that fit into the free space: one that has to wait for space does not block the others.
std::optional<MergeJob> Merger::next() {
  if (space_.is_low()) return {};
  const uint64_t free = space_.free_bytes();
  MergeConfig config = config_;
  config.max_bytes = std::min(config.max_bytes, free - std::min(free, space_.floor()));
  if (os::monotonic_ns() >= aside_until_ns_) aside_.clear();
  std::set<int64_t> left_alone = unusable_;
  left_alone.insert(aside_.begin(), aside_.end());
  const auto [now_ns, held] = clock_.now();
  return next_merge(segments_.live(), left_alone, held ? kNoHourIsOver : now_ns, config);
}

// So that other segments are merged in the meantime.
void Merger::put_aside(const MergeJob& job) {
  for (const Segment& input : job.inputs) aside_.insert(input.id);
  aside_until_ns_ = os::monotonic_ns() + kAsideNs;
}

void Merger::work(std::stop_token stop) {
  os::block_write_signals();
  os::lower_thread_priority();
  while (!stop.stop_requested()) {
    auto job = next();
    if (!job)
      pause(kLookEveryNs, stop);
    else if (!merge(*job, stop, true))
      put_aside(*job);
  }
}

size_t Merger::merge_all() {
  size_t merges = 0;
  while (auto job = next()) {
    if (merge(*job, {}, false))
      ++merges;
    else
      put_aside(*job);
  }
  return merges;
}

// False if it failed for a reason other than a stop or an unusable or outdated input: it is tried again later.
bool Merger::merge(const MergeJob& job, const std::stop_token& stop, bool pauses) {
  std::vector<int64_t> ids;
  for (const Segment& input : job.inputs) ids.push_back(input.id);
  int error = 0;
  std::string path = segments_.new_path(job.hour, error, job.table);
  if (path.empty()) {
    log_error("store", "cannot merge segments: cannot make a folder below " +
                           segments_.file(std::string(table_name(job.table))) + ": " + os::error_text(error) +
                           "; tried again in a minute");
    return false;
  }
  int64_t busy_ns = 0;
  SegmentFigures figures;
  {
    SegmentWriter writer(segments_.file(path), segments_.columns(job.table), job.table);
    error = add_inputs(writer, job, stop, pauses, busy_ns);
    int64_t began = os::monotonic_ns();
    if (!error) error = writer.finish(figures);
    int64_t took = os::monotonic_ns() - began;
    busy_ns += took;
    if (pauses) pause(kPausePerWork * took, stop);
  }
  std::string why = os::error_text(error);
  Change change = Change::failed;
  if (!error) change = segments_.change({{0, path, job.level, job.hour, figures, job.table, 0}}, ids, {}, why);
  if (change == Change::done) {
    note(job.inputs.size(), busy_ns);
    return true;
  }
  segments_.give_up(path);
  if (error == ECANCELED || change == Change::outdated) return true;
  log_error("store", "cannot merge " + std::to_string(job.inputs.size()) + " segments: " + why +
                         "; they stay as they are, tried again in a minute");
  return false;
}

// 0 or errno; ECANCELED if stop was requested, or an input cannot be used or is no longer listed.
int Merger::add_inputs(SegmentWriter& writer, const MergeJob& job, const std::stop_token& stop, bool pauses,
                       int64_t& busy_ns) {
  for (const Segment& input : job.inputs) {
    if (stop.stop_requested()) return ECANCELED;
    std::string why, file = segments_.file(input.path);
    int64_t began = os::monotonic_ns();
    int error = writer.add_segment(file, input.figures, why);
    int64_t took = os::monotonic_ns() - began;
    busy_ns += took;
    if (error && !os::exists(file) && os::exists(file + kUnfinishedSuffix)) return EAGAIN;  // soon to be renamed
    if (error == EBADMSG) {
      if (is_listed(input.id)) note_unusable(input, why);
      return ECANCELED;
    }
    if (error && !why.empty() && error != EMFILE && error != ENFILE && error != ENOMEM) {
      note_unreadable(input, why);
      return ECANCELED;
    }
    if (error) return error;
    if (pauses) pause(kPausePerWork * took, stop);
  }
  return 0;
}

// False if retention has removed it in the meantime, which is not an error.
bool Merger::is_listed(int64_t id) const {
  const LiveSegments live = segments_.live();
  return std::ranges::find(live, id, &Segment::id) != live.end();
}

void Merger::note_unusable(const Segment& segment, const std::string& why) {
  unusable_.insert(segment.id);
  log_error("store", segments_.file(segment.path) + " cannot be merged: " + why +
                         "; it is left unchanged, and queries may miss its " + std::to_string(segment.figures.rows) +
                         " " + std::string(row_name(segment.table)));
}

// The cause is not the file's content: other segments are merged in the meantime, and this one is tried again.
void Merger::note_unreadable(const Segment& segment, const std::string& why) {
  aside_.insert(segment.id);
  aside_until_ns_ = os::monotonic_ns() + kAsideNs;
  if (!unreadable_.insert(segment.id).second) return;
  log_error("store",
            segments_.file(segment.path) + " cannot be read, to be merged: " + why +
                "; it is tried again each minute: look at who owns the data directory, and at the disk (dmesg)");
}

void Merger::note(size_t inputs, int64_t busy_ns) {
  double seconds = static_cast<double>(busy_ns) / 1e9;
  size_t bucket = static_cast<size_t>(std::ranges::lower_bound(kMergeSecondsBounds, seconds) - kMergeSecondsBounds);
  std::lock_guard lock(mutex_);
  figures_.merged_segments += inputs;
  figures_.seconds += seconds;
  ++figures_.merges[bucket];
}

MergeFigures Merger::figures() const {
  std::lock_guard lock(mutex_);
  return figures_;
}

}  // namespace weir
