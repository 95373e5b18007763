// SPDX-License-Identifier: Apache-2.0
#include "os/epoll_set.h"

#include <sys/epoll.h>

#include <cerrno>
#include <climits>
#include <ctime>

#include "base/error.h"
#include "base/time_units.h"

namespace weir::os {

EpollSet::EpollSet() : file_(::epoll_create1(EPOLL_CLOEXEC)), ready_(new epoll_event[kMaxReady]) {
  if (!file_.is_open()) throw runtime_failure("cannot wait for sockets: " + error_text(errno));
}

EpollSet::~EpollSet() = default;

void EpollSet::add(int descriptor, uint64_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  if (::epoll_ctl(file_.fd(), EPOLL_CTL_ADD, descriptor, &event) != 0)
    throw runtime_failure("cannot wait for a socket: " + error_text(errno));
}

void EpollSet::remove(int descriptor) { ::epoll_ctl(file_.fd(), EPOLL_CTL_DEL, descriptor, nullptr); }

// Kernels before 5.11 have no epoll_pwait2: on these it waits for whole milliseconds.
size_t EpollSet::wait(int64_t timeout_ns) {
  const timespec time{timeout_ns / kSecond, timeout_ns % kSecond};
  int ready = ::epoll_pwait2(file_.fd(), ready_.get(), kMaxReady, timeout_ns < 0 ? nullptr : &time, nullptr);
  if (ready < 0 && errno == ENOSYS) {
    const int64_t ms = timeout_ns < 0 ? -1 : (timeout_ns + kMillisecond - 1) / kMillisecond;
    ready = ::epoll_wait(file_.fd(), ready_.get(), kMaxReady, ms > INT_MAX ? INT_MAX : static_cast<int>(ms));
  }
  return ready > 0 ? static_cast<size_t>(ready) : 0;
}

uint64_t EpollSet::ready(size_t index) const { return ready_[index].data.u64; }

}  // namespace weir::os
