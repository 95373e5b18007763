// SPDX-License-Identifier: Apache-2.0
// Signals as readable events: SIGTERM, SIGINT and SIGHUP are blocked in every thread and read from
// a descriptor by the one that waits.
#pragma once

#include "os/file.h"

namespace weir::os {

enum class Event { none, stop, reload };

class Signals {
 public:
  // To be made before any thread is. In the whole process a closed pipe (SIGPIPE) and a file over its limit (SIGXFSZ)
  // are write errors from then on, and SIGUSR1, SIGUSR2 and SIGALRM, which mean nothing here, are ignored.
  Signals();
  Event wait(int timeout_ms);

 private:
  File file_;
};

}  // namespace weir::os
