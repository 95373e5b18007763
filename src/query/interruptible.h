// SPDX-License-Identifier: Apache-2.0
// The engine that works at present, for those who interrupt it from other threads and from signal handlers.
#pragma once

#include <atomic>

#include "sql/engine.h"

namespace weir {

class Interruptible {
 public:
  // While it lives, interrupt() reaches the engine; when it is destroyed no interrupt() uses the engine any more. It
  // waits for those of other threads. A signal handler on the destroying thread has returned before that thread goes
  // on, so that nothing waits for itself.
  class Scope {
   public:
    Scope(Interruptible& place, SqlEngine& engine) : place_(place) { place_.engine_ = &engine; }
    ~Scope() {
      place_.engine_ = nullptr;
      while (place_.inside_.load() != 0) {
      }
    }
    Scope(const Scope&) = delete;

   private:
    Interruptible& place_;
  };

  // From any thread and from signal handlers. It is counted before it looks for the engine: both in the one order of
  // all sequentially consistent operations, so that either it finds none, or the scope finds it inside.
  void interrupt() noexcept {
    inside_.fetch_add(1);
    if (SqlEngine* engine = engine_.load()) engine->interrupt();
    inside_.fetch_sub(1);
  }

 private:
  std::atomic<SqlEngine*> engine_ = nullptr;
  std::atomic<unsigned> inside_ = 0;
};
static_assert(std::atomic<unsigned>::is_always_lock_free && std::atomic<SqlEngine*>::is_always_lock_free);

}  // namespace weir
