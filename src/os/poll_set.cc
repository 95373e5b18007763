// SPDX-License-Identifier: Apache-2.0
#include "os/poll_set.h"

#include <poll.h>

namespace weir::os {

static short events_of(WaitFor what) {
  switch (what) {
    case WaitFor::nothing:
      return 0;
    case WaitFor::reading:
      return POLLIN;
    case WaitFor::writing:
      return POLLOUT;
    case WaitFor::either:
      return POLLIN | POLLOUT;
  }
  return 0;
}

PollSet::PollSet() = default;
PollSet::~PollSet() = default;
void PollSet::add(int fd, WaitFor what) { polled_.push_back({fd, events_of(what), 0}); }
void PollSet::clear() { polled_.clear(); }

bool PollSet::wait(int timeout_ms) {
  const int ready = ::poll(polled_.data(), polled_.size(), timeout_ms);
  if (ready < 0)
    for (pollfd& one : polled_) one.revents = 0;
  return ready > 0;
}

bool PollSet::is_ready(size_t index) const { return polled_[index].revents != 0; }

}  // namespace weir::os
