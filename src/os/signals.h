// SPDX-License-Identifier: Apache-2.0
// Signals as readable events: SIGTERM, SIGINT and SIGHUP are blocked in every thread and read from
// a descriptor by the one that waits.
#pragma once

#include <string_view>

#include "os/file.h"

namespace weir::os {

enum class Event { none, stop, reload };

class Signals {
 public:
  // To be made before any thread is. In the whole process a closed pipe (SIGPIPE) and a file over its limit (SIGXFSZ)
  // are write errors from then on, and SIGUSR1, SIGUSR2 and SIGALRM, which mean nothing here, are ignored.
  Signals();
  // One thread at a time.
  Event wait(int timeout_ms);
  // Of the last Event::stop: "SIGTERM", "SIGINT".
  std::string_view stop_signal() const { return stop_signal_; }

 private:
  File file_;
  std::string_view stop_signal_;
};

}  // namespace weir::os
