// SPDX-License-Identifier: Apache-2.0
// The floor of free space: below it the store takes no more rows, until there is a little more than the floor again.
//
//   threads  look() from one thread, the rest from any, set_floor() one at a time
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace weir {

class FreeSpace {
 public:
  static constexpr int64_t kAuto = -1;  // the smaller of 1 GiB and 5 % of the file system
  // `folder`: where the store lies. `floor`: bytes, 0: none, or kAuto. Looks.
  FreeSpace(std::string folder, int64_t floor);

  void look();
  // As in the constructor; seen with the next look.
  void set_floor(int64_t floor);
  bool is_low() const { return low_.load(std::memory_order_relaxed); }
  uint64_t free_bytes() const { return free_.load(std::memory_order_relaxed); }
  uint64_t floor() const { return floor_.load(std::memory_order_relaxed); }

 private:
  const std::string folder_;
  std::atomic<uint64_t> floor_{0};
  std::atomic<uint64_t> free_{UINT64_MAX};  // while it cannot be told
  std::atomic<bool> low_{false};
};

}  // namespace weir
