// SPDX-License-Identifier: Apache-2.0
// Waits for any number of descriptors to be readable (epoll): however many there are, only those that are cost.
//
//   threads  one waits at a time; add() and remove() from that one, too
//   failure  throws runtime_failure where the system gives no more
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "os/file.h"

struct epoll_event;

namespace weir::os {

class EpollSet {
 public:
  EpollSet();
  ~EpollSet();
  EpollSet(const EpollSet&) = delete;
  EpollSet& operator=(const EpollSet&) = delete;

  // `tag`: what wait() names it by. A set may stand in another one: its fd() is readable where one in it is.
  void add(int fd, uint64_t tag);
  void remove(int fd);
  int fd() const { return file_.fd(); }

  // How many are ready; 0 when interrupted, or when the time is over. Below 0: waits for ever. Broken ones are ready.
  size_t wait(int64_t timeout_ns);
  // The tag of each, after wait(). At most kMaxReady are named at once, the others next time.
  uint64_t ready(size_t index) const;
  static constexpr size_t kMaxReady = 64;

 private:
  File file_;
  std::unique_ptr<epoll_event[]> ready_;
};

}  // namespace weir::os
