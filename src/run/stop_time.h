// SPDX-License-Identifier: Apache-2.0
// StopTime: the time until which a stop may keep working on what is queued. What is left then is dropped and counted.
//
//   threads  any
#pragma once

#include <atomic>
#include <cstdint>

#include "os/clock.h"

namespace weir {

class StopTime {
 public:
  // The stop has begun and ends at `monotonic_ns`.
  void set(int64_t monotonic_ns) { end_ns_.store(monotonic_ns, std::memory_order_relaxed); }
  void hurry() { set(0); }
  bool is_over() const { return os::monotonic_ns() >= end_ns_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> end_ns_{INT64_MAX};
};

}  // namespace weir
