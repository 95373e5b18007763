// SPDX-License-Identifier: Apache-2.0
// Waiting: what one worker waits for: datagrams in its UDP sockets, and streams (connections, their listeners, the wish
// to stop). While datagrams gather, only streams end the wait.
//
//   threads  one per worker; wake() from any
#pragma once

#include <cstdint>

#include "os/epoll_set.h"
#include "os/wake.h"

namespace weir {

class Waiting {
 public:
  // Tags of streams(), beside those that others choose from 1 on.
  static constexpr uint64_t kWake = 0;

  Waiting();
  void add_socket(int fd) { all_.add(fd, kSocket); }
  // Where connections and their listeners belong.
  os::EpollSet& streams() { return streams_; }

  // Until a socket or a stream can be read, at most so long. Whether it is a socket.
  bool wait(int64_t timeout_ns);
  // Until a stream can be read, at most so long: sockets fill meanwhile.
  void linger(int64_t timeout_ns) { streams_.wait(timeout_ns); }

  // Ends the wait of the worker, and each one after it until rest().
  void wake() const { wake_.set(); }
  void rest() const { wake_.clear(); }

 private:
  static constexpr uint64_t kSocket = 0, kStreams = 1;
  os::EpollSet all_, streams_;
  os::Wake wake_;
};

}  // namespace weir
