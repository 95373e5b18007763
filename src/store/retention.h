// SPDX-License-Identifier: Apache-2.0
// Removes what is too old (`keep`) or too much (`max_bytes`), of all tables: whole hours of receive time, oldest first.
// Where the newest hour alone is too large, its oldest segments go. For `max_bytes`, hours that have not come yet are
// the oldest.
//
// A clock that jumps forward would make everything too old at once: `keep` then waits an hour, for someone to set it
// right.
//
//   threads  run() from one thread, counts from any
//   failure  what cannot be removed is logged once and tried again at the next run; so is what a merge has replaced
//            meanwhile, without a word
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "store/segments.h"

namespace weir {

struct RetentionConfig {
  int64_t keep_ns = 0;     // 0: for ever
  uint64_t max_bytes = 0;  // 0: no bound
};

enum class Removal : uint8_t { keep, max_size };
inline constexpr size_t kRemovalCount = 2;
inline constexpr std::string_view kRemovalNames[kRemovalCount] = {"keep", "max_size"};

// The segments of `live` to be removed for that reason.
std::vector<const Segment*> too_old(const std::vector<Segment>& live, int64_t keep_ns, int64_t now_ns);
std::vector<const Segment*> too_much(const std::vector<Segment>& live, uint64_t max_bytes, int64_t now_ns);

class Retention {
 public:
  Retention(const RetentionConfig& config, Segments& segments) : config_(config), segments_(segments) {}
  // The time of day, and that of a clock that nobody sets.
  void run(int64_t now_ns, int64_t steady_ns);
  // Flows.
  uint64_t removed_rows(Removal reason) const { return rows_[static_cast<size_t>(reason)].load(); }

 private:
  bool may_trust(int64_t now_ns, int64_t steady_ns);
  void remove(const std::vector<const Segment*>& segments, Removal reason);

  const RetentionConfig config_;
  Segments& segments_;
  bool failing_ = false;
  bool has_run_ = false;
  int64_t ahead_ns_ = 0;       // of the time of day before the steady one, at the last run
  int64_t held_until_ns_ = 0;  // steady
  std::array<std::atomic<uint64_t>, kRemovalCount> rows_{};
};

}  // namespace weir
