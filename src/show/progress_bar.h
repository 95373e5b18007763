// SPDX-License-Identifier: Apache-2.0
// ProgressBar: a line on standard error, if that is a terminal and the work takes more than a second.
#pragma once

#include <cstdint>

#include "os/clock.h"

namespace weir {

class ProgressBar {
 public:
  ~ProgressBar() { clear(); }
  static bool is_wanted();
  void show(double done);  // 0 to 1; below 0: unknown
  void clear();

 private:
  int64_t began_ns_ = os::monotonic_ns();
  bool shown_ = false;
};

}  // namespace weir
