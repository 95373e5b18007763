// SPDX-License-Identifier: Apache-2.0
// Waits until one of any number of descriptors is readable (epoll); the cost depends only on how many are ready.
//
//   threads  one waits at a time; add() and remove() only in that thread
//   failure  throws runtime_failure if the system has no more resources
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

  // `tag`: how ready() identifies it. A set may be a member of another set: its fd() is readable if one of its members
  // is.
  void add(int fd, uint64_t tag);
  void remove(int fd);
  int fd() const { return file_.fd(); }

  // How many are ready; 0 when interrupted or timed out. A negative timeout waits forever. Broken descriptors are
  // ready.
  size_t wait(int64_t timeout_ns);
  // The tag of each ready descriptor, after wait(). At most kMaxReady are returned at once, the others next time.
  uint64_t ready(size_t index) const;
  static constexpr size_t kMaxReady = 64;

 private:
  File file_;
  std::unique_ptr<epoll_event[]> ready_;
};

}  // namespace weir::os
