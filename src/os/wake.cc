// SPDX-License-Identifier: Apache-2.0
#include "os/wake.h"

#include <errno.h>
#include <sys/eventfd.h>

#include "base/error.h"

namespace weir::os {

Wake::Wake() : file_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!file_.is_open()) throw runtime_failure("cannot make an eventfd: " + error_text(errno));
}

void Wake::set() const { ::eventfd_write(file_.fd(), 1); }

void Wake::clear() const {
  eventfd_t value = 0;
  ::eventfd_read(file_.fd(), &value);
}

}  // namespace weir::os
