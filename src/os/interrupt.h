// SPDX-License-Identifier: Apache-2.0
// OnInterrupt: handles Ctrl-C in one-shot commands: SIGINT, SIGTERM and SIGHUP call a function instead of ending the
// process. A second one ends it. SIGHUP stays ignored if it was (nohup).
#pragma once

#include <signal.h>

#include <array>

namespace weir::os {

class OnInterrupt {
 public:
  // `call` runs in the signal handler: it may access nothing but atomics. Only one such object at a time.
  OnInterrupt(void (*call)(void*), void* argument);
  ~OnInterrupt();
  OnInterrupt(const OnInterrupt&) = delete;

 private:
  std::array<struct sigaction, 3> before_{};
};

// True after a signal since such an object was made: waits for external events then give up.
bool interrupted();

}  // namespace weir::os
