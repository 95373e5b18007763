// SPDX-License-Identifier: Apache-2.0
// Signals as readable events: SIGTERM, SIGINT and SIGHUP are blocked in every thread and read from a descriptor by the
// thread that waits.
#pragma once

#include <string_view>

#include "os/file.h"

namespace weir::os {

enum class Event { none, stop, reload };

class Signals {
 public:
  // Create it before any thread. Afterwards, in the whole process, a closed pipe (SIGPIPE) and a file over its size
  // limit (SIGXFSZ) become write errors, and SIGUSR1, SIGUSR2 and SIGALRM, which have no use here, are ignored.
  Signals();
  // One thread at a time.
  Event wait(int timeout_ms);
  // Name of the signal of the last Event::stop: "SIGTERM", "SIGINT".
  std::string_view stop_signal() const { return stop_signal_; }

 private:
  File file_;
  std::string_view stop_signal_;
};

}  // namespace weir::os
