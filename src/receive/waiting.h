// SPDX-License-Identifier: Apache-2.0
// Waiting: lets one worker wait for datagrams in its UDP sockets and for streams (connections, their listeners, the
// wake-up for a stop). While datagrams gather, only streams end the wait.
//
//   threads  one per worker; wake() from any
#pragma once

#include <cstdint>

#include "os/epoll_set.h"
#include "os/wake.h"

namespace weir {

class Waiting {
 public:
  // A tag in streams(); others choose theirs from 1 on.
  static constexpr uint64_t kWake = 0;

  Waiting();
  void add_socket(int fd) { all_.add(fd, kSocket); }
  // The set that connections and their listeners are added to.
  os::EpollSet& streams() { return streams_; }

  // Waits until a socket or a stream is readable, at most `timeout_ns`. Returns whether a socket is readable.
  bool wait(int64_t timeout_ns);
  // Waits until a stream is readable, at most `timeout_ns`, while the sockets fill.
  void linger(int64_t timeout_ns) { streams_.wait(timeout_ns); }

  // Ends the worker's current wait, and every later one until rest().
  void wake() const { wake_.set(); }
  void rest() const { wake_.clear(); }

 private:
  static constexpr uint64_t kSocket = 0, kStreams = 1;
  os::EpollSet all_, streams_;
  os::Wake wake_;
};

}  // namespace weir
