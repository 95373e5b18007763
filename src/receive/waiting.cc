// SPDX-License-Identifier: Apache-2.0
#include "receive/waiting.h"

namespace weir {

Waiting::Waiting() {
  streams_.add(wake_.fd(), kWake);
  all_.add(streams_.fd(), kStreams);
}

bool Waiting::wait(int64_t timeout_ns) {
  for (size_t i = all_.wait(timeout_ns); i > 0; --i)
    if (all_.ready(i - 1) == kSocket) return true;
  return false;
}

}  // namespace weir
