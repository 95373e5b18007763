// SPDX-License-Identifier: Apache-2.0
// Merger: merges the many small segments of an hour into a few large ones, in the background.
//
//   in       the list of segments
//   out      one segment that replaces several: by count, level 0 -> 1 (5 min) -> 2 (1 h); once an hour is over, its
//            remaining segments as one
//   threads  one of its own, of low priority, busy for at most about a third of the time
//   clock    while it is held (run/receive_clock.h), no hour is considered over; merging by count continues
//   memory   a row group being read, one being written
//   failure  a damaged segment is logged once and never merged; one that cannot be read (permission, disk error) is
//            logged once and tried again each minute; so is a merge that cannot be written
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <vector>

#include "run/receive_clock.h"
#include "run/worker.h"
#include "store/free_space.h"
#include "store/segments.h"

namespace weir {

struct MergeConfig {
  size_t flushes = 30;  // segments of level 0 that become one of level 1
  size_t merged = 12;   // segments of level 1 that become one of level 2
  uint64_t max_bytes = limits::kMergedBytes;
};

struct MergeJob {
  int64_t hour = 0;
  int level = 0;                // of the merged segment
  std::vector<Segment> inputs;  // all of the same table
  Table table = Table::flows;
};

// What to merge next: segments of one hour and table. `live`: by hour, then id. `unusable`: ids to leave out.
std::optional<MergeJob> next_merge(const std::vector<Segment>& live, const std::set<int64_t>& unusable, int64_t now_ns,
                                   const MergeConfig& config);

inline constexpr double kMergeSecondsBounds[] = {0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300};
inline constexpr size_t kMergeSecondsBuckets = std::size(kMergeSecondsBounds) + 1;  // the last one: above all bounds

struct MergeFigures {
  uint64_t merged_segments = 0;                         // input segments
  std::array<uint64_t, kMergeSecondsBuckets> merges{};  // by seconds of work, without pauses
  double seconds = 0;                                   // sum over all merges
};

class Merger {
 public:
  // All arguments but the configuration must outlive the merger.
  Merger(const MergeConfig& config, Segments& segments, const FreeSpace& space, ReceiveClock& clock);
  ~Merger() { stop(); }

  void start();
  // Takes effect within the input being read; an unfinished merge is abandoned.
  void request_stop();
  void stop();
  // Does all merges that are due, in the calling thread and without pauses. Returns the number of merges.
  size_t merge_all();
  MergeFigures figures() const;

 private:
  void work(std::stop_token stop);
  std::optional<MergeJob> next();
  void put_aside(const MergeJob& job);
  bool merge(const MergeJob& job, const std::stop_token& stop, bool pauses);
  int add_inputs(SegmentWriter& writer, const MergeJob& job, const std::stop_token& stop, bool pauses,
                 int64_t& busy_ns);
  bool is_listed(int64_t id) const;
  void note_unusable(const Segment& segment, const std::string& why);
  void note_unreadable(const Segment& segment, const std::string& why);
  void note(size_t inputs, int64_t busy_ns);
  void pause(int64_t ns, const std::stop_token& stop);

  const MergeConfig config_;
  Segments& segments_;
  const FreeSpace& space_;
  ReceiveClock& clock_;
  std::set<int64_t> unusable_;
  std::set<int64_t> unreadable_;  // ids already logged
  std::set<int64_t> aside_;       // ids that wait after a failure, all until the same time
  int64_t aside_until_ns_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable_any stopped_;
  MergeFigures figures_;
  std::optional<Worker> worker_;
};

}  // namespace weir
