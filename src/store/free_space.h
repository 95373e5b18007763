// SPDX-License-Identifier: Apache-2.0
// FreeSpace: the minimum of free disk space (the floor). Below it the store accepts no rows, until there is a little
// more space than the floor again.
//
//   threads  look() from one thread, the rest from any, set_floor() from one at a time
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace weir {

class FreeSpace {
 public:
  static constexpr int64_t kAuto = -1;  // the smaller of 1 GiB and 5 % of the file system
  // `folder`: the store's directory. `floor`: bytes, 0: none, or kAuto. Calls look().
  FreeSpace(std::string folder, int64_t floor);

  void look();
  // `floor` as in the constructor; takes effect with the next look().
  void set_floor(int64_t floor);
  bool is_low() const { return low_.load(std::memory_order_relaxed); }
  uint64_t free_bytes() const { return free_.load(std::memory_order_relaxed); }
  uint64_t floor() const { return floor_.load(std::memory_order_relaxed); }

 private:
  const std::string folder_;
  std::atomic<uint64_t> floor_{0};
  std::atomic<uint64_t> free_{UINT64_MAX};  // this value while it is unknown
  std::atomic<bool> low_{false};
};

}  // namespace weir
