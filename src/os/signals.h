// SPDX-License-Identifier: Apache-2.0
// Signals as readable events: SIGTERM, SIGINT and SIGHUP are blocked in every thread and read from
// a descriptor by the one that waits.
#pragma once

#include "os/file.h"

namespace weir::os {

enum class Event { none, stop, reload };

class Signals {
 public:
  // To be made before any thread is. Also ignores SIGPIPE: a closed pipe is a write error.
  Signals();
  Event wait(int timeout_ms);

 private:
  File file_;
};

}  // namespace weir::os
