// SPDX-License-Identifier: Apache-2.0
#include "os/interrupt.h"

#include <signal.h>

#include <atomic>

namespace weir::os {

static std::atomic<void (*)(void*)> interrupt_call = nullptr;
static std::atomic<void*> interrupt_argument = nullptr;
static std::atomic<bool> has_happened = false;
static constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
static_assert(std::atomic<void*>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

static void handle(int) {
  has_happened = true;
  if (auto call = interrupt_call.load()) call(interrupt_argument.load());
}

OnInterrupt::OnInterrupt(void (*call)(void*), void* argument) {
  has_happened = false;
  interrupt_argument = argument;
  interrupt_call = call;
  struct sigaction action{};
  action.sa_handler = handle;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second signal has its usual effect
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < std::size(kSignals); ++i) {
    ::sigaction(kSignals[i], nullptr, &before_[i]);
    bool ignored = kSignals[i] == SIGHUP && before_[i].sa_handler == SIG_IGN;
    if (!ignored) ::sigaction(kSignals[i], &action, nullptr);
  }
}

OnInterrupt::~OnInterrupt() {
  for (size_t i = 0; i < std::size(kSignals); ++i) ::sigaction(kSignals[i], &before_[i], nullptr);
  interrupt_call = nullptr;
}

bool interrupted() { return has_happened; }

}  // namespace weir::os
