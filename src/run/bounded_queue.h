// SPDX-License-Identifier: Apache-2.0
// BoundedQueue: passes batches from many threads to one, in order, and refuses instead of waiting.
//
//   in       try_push() from any thread; never blocks beyond the lock, false when full or closed
//   out      pop() in one thread
//   memory   `capacity` slots, allocated once
//   close    try_push() refuses afterwards; pop() still returns what is queued
// One lock per call: made for batches of records, not for records.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace weir {

template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : slots_(capacity) { WEIR_ASSERT(capacity > 0); }

  // Moves from `value` only if it returns true.
  bool try_push(T&& value) {
    {
      std::lock_guard lock(mutex_);
      if (closed_ || count_ == slots_.size()) return false;
      slots_[(first_ + count_) % slots_.size()] = std::move(value);
      ++count_;
    }
    filled_.notify_one();
    return true;
  }

  // The oldest value; false if none arrived within `timeout_ms` (0: check once), or if closed and empty.
  bool pop(T& value, int timeout_ms) {
    std::unique_lock lock(mutex_);
    if (timeout_ms > 0 && count_ == 0)
      filled_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [this] { return count_ > 0 || closed_; });
    if (count_ == 0) return false;
    value = std::exchange(slots_[first_], T{});
    first_ = (first_ + 1) % slots_.size();
    --count_;
    return true;
  }

  void close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    filled_.notify_all();
  }

  size_t size() const {
    std::lock_guard lock(mutex_);
    return count_;
  }
  bool closed() const {
    std::lock_guard lock(mutex_);
    return closed_;
  }
  size_t capacity() const { return slots_.size(); }

 private:
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::vector<T> slots_;  // a ring: count_ values from first_
  size_t first_ = 0;
  size_t count_ = 0;
  bool closed_ = false;
};

}  // namespace weir
