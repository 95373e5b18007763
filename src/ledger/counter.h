// SPDX-License-Identifier: Apache-2.0
// A counter that any thread may add to. Signed, because sequence_lost is taken back when a datagram turns out late
// instead of lost.
#pragma once

#include <atomic>
#include <cstdint>

namespace weir {

class Counter {
 public:
  void add(int64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  // A thread that sees this in value() also sees what the adding thread had added to other counters before.
  void add_last(int64_t n = 1) { value_.fetch_add(n, std::memory_order_release); }
  void set(int64_t n) { value_.store(n, std::memory_order_relaxed); }
  // Returns the value and leaves 0.
  int64_t take() { return value_.exchange(0, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_acquire); }

 private:
  std::atomic<int64_t> value_{0};
};

}  // namespace weir
