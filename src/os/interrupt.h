// SPDX-License-Identifier: Apache-2.0
// Ctrl-C for one-shot commands: SIGINT and SIGTERM call a function instead of ending the process. A second one ends it.
#pragma once

namespace weir::os {

class OnInterrupt {
 public:
  // `call` runs in the signal handler: it may touch nothing but atomics. One such object at a time.
  OnInterrupt(void (*call)(void*), void* argument);
  ~OnInterrupt();
  OnInterrupt(const OnInterrupt&) = delete;
  bool happened() const;
};

}  // namespace weir::os
