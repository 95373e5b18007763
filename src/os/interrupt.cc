// SPDX-License-Identifier: Apache-2.0
#include "os/interrupt.h"

#include <signal.h>

#include <atomic>

namespace weir::os {

static std::atomic<void (*)(void*)> interrupt_call = nullptr;
static std::atomic<void*> interrupt_argument = nullptr;
static std::atomic<bool> interrupted = false;
static_assert(std::atomic<void*>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

static void handle(int) {
  interrupted = true;
  if (auto call = interrupt_call.load()) call(interrupt_argument.load());
}

OnInterrupt::OnInterrupt(void (*call)(void*), void* argument) {
  interrupted = false;
  interrupt_argument = argument;
  interrupt_call = call;
  struct sigaction action{};
  action.sa_handler = handle;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second one has its usual effect
  sigemptyset(&action.sa_mask);
  for (int s : {SIGINT, SIGTERM}) ::sigaction(s, &action, nullptr);
}

OnInterrupt::~OnInterrupt() {
  for (int s : {SIGINT, SIGTERM}) ::signal(s, SIG_DFL);
  interrupt_call = nullptr;
}

bool OnInterrupt::happened() const { return interrupted; }

}  // namespace weir::os
