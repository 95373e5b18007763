// SPDX-License-Identifier: Apache-2.0
// Interruptible: lets other threads and signal handlers interrupt the engine that is currently working.
#pragma once

#include <atomic>

#include "sql/engine.h"

namespace weir {

class Interruptible {
 public:
  // While it exists, interrupt() reaches the engine; once it is destroyed no interrupt() uses the engine any more. The
  // destructor waits for calls in other threads. A signal handler on the destroying thread has returned before that
  // thread continues, so the thread never waits for itself.
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

  // From any thread and from signal handlers. The call is counted before it loads the engine pointer; as both are
  // sequentially consistent operations, either it finds no engine, or the scope sees that a call is inside.
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
