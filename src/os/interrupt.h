// SPDX-License-Identifier: Apache-2.0
// Ctrl-C for one-shot commands: SIGINT, SIGTERM and SIGHUP call a function instead of ending the process. A second one
// ends it. SIGHUP stays ignored where it was (nohup).
#pragma once

#include <signal.h>

#include <array>

namespace weir::os {

class OnInterrupt {
 public:
  // `call` runs in the signal handler: it may touch nothing but atomics. One such object at a time.
  OnInterrupt(void (*call)(void*), void* argument);
  ~OnInterrupt();
  OnInterrupt(const OnInterrupt&) = delete;

 private:
  std::array<struct sigaction, 3> before_{};
};

// Since such an object was made: what waits for the world outside gives up.
bool interrupted();

}  // namespace weir::os
