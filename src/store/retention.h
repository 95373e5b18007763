// SPDX-License-Identifier: Apache-2.0
// Retention: removes what is too old (`keep`) or too much (`max_bytes`), from all tables: whole hours of receive time,
// oldest first. If the newest hour alone is too large, its oldest segments are removed. For `max_bytes`, hours in the
// future count as the oldest.
//
// A wrong clock would make everything too old at once: while the clock is held (run/receive_clock.h), `keep` removes
// nothing. Once it is trusted again, the yardsticks in the list are lowered to the time from which it is trusted.
//
//   threads  run() from one thread, set() and counts from any
//   failure  if segments cannot be removed, this is logged once and tried again at the next run; if a merge has
//            replaced them in the meantime, that is tried again too, without a log line
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "run/receive_clock.h"
#include "store/segments.h"

namespace weir {

struct RetentionConfig {
  int64_t keep_ns = 0;     // 0: forever
  uint64_t max_bytes = 0;  // 0: no limit
};

enum class Removal : uint8_t { keep, max_size };
inline constexpr size_t kRemovalCount = 2;
inline constexpr std::string_view kRemovalNames[kRemovalCount] = {"keep", "max_size"};

// The segments of `live` that must be removed for that reason.
std::vector<const Segment*> too_old(const std::vector<Segment>& live, int64_t keep_ns, int64_t now_ns);
std::vector<const Segment*> too_much(const std::vector<Segment>& live, uint64_t max_bytes, int64_t now_ns);

class Retention {
 public:
  // `segments` and `clock` must outlive it.
  Retention(const RetentionConfig& config, Segments& segments, ReceiveClock& clock)
      : keep_ns_(config.keep_ns), max_bytes_(config.max_bytes), segments_(segments), clock_(clock) {}
  void run();
  // Takes effect with the next run.
  void set(const RetentionConfig& config) {
    keep_ns_.store(config.keep_ns, std::memory_order_relaxed);
    max_bytes_.store(config.max_bytes, std::memory_order_relaxed);
  }
  // Number of removed flows.
  uint64_t removed_rows(Removal reason) const { return rows_[static_cast<size_t>(reason)].load(); }

 private:
  void remove(const std::vector<const Segment*>& segments, Removal reason);

  std::atomic<int64_t> keep_ns_;
  std::atomic<uint64_t> max_bytes_;
  Segments& segments_;
  ReceiveClock& clock_;
  bool failing_ = false;
  int64_t believed_from_ns_ = 0;  // the yardsticks in the list are to be lowered to it; 0: nothing to do
  std::array<std::atomic<uint64_t>, kRemovalCount> rows_{};
};

}  // namespace weir
