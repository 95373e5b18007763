// SPDX-License-Identifier: Apache-2.0
// Waits for any number of descriptors.
//
//   threads  one at a time
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

struct pollfd;

namespace weir::os {

// What is waited for. A connection that broke is always ready.
enum class WaitFor : uint8_t { nothing, reading, writing, either };

class PollSet {
 public:
  PollSet();
  ~PollSet();
  void add(int fd, WaitFor what = WaitFor::reading);
  void clear();
  // False when interrupted, or when the time is over and none is ready. Below 0: waits for ever.
  bool wait(int timeout_ms);
  // After wait(): the one that was added as number `index`.
  bool is_ready(size_t index) const;

 private:
  std::vector<pollfd> polled_;
};

}  // namespace weir::os
