// SPDX-License-Identifier: Apache-2.0
// PollSet: waits for any number of descriptors (poll).
//
//   threads  one at a time
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

struct pollfd;

namespace weir::os {

// What to wait for. A broken connection is always ready.
enum class WaitFor : uint8_t { nothing, reading, writing, either };

class PollSet {
 public:
  PollSet();
  ~PollSet();
  void add(int fd, WaitFor what = WaitFor::reading);
  void clear();
  // False when interrupted, or when none is ready in time. A negative timeout waits forever.
  bool wait(int timeout_ms);
  // After wait(): whether the descriptor that was added as number `index` is ready.
  bool is_ready(size_t index) const;

 private:
  std::vector<pollfd> polled_;
};

}  // namespace weir::os
