// SPDX-License-Identifier: Apache-2.0
// Wake: interrupts another thread's poll(): readable once set, until cleared. Any thread may set it.
#pragma once

#include "os/file.h"

namespace weir::os {

class Wake {
 public:
  Wake();  // throws runtime_failure
  int fd() const { return file_.fd(); }
  void set() const;
  void clear() const;

 private:
  File file_;
};

}  // namespace weir::os
