// SPDX-License-Identifier: Apache-2.0
#include "query/interruptible.h"

#include <csignal>
#include <thread>

#include "query/testing/store_fixture.h"

namespace weir {
namespace {

constexpr int kEngines = 60;

TEST(Interruptible, EnginesAreDestroyedWhileOthersInterrupt) {
  Interruptible place;
  std::jthread other([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) place.interrupt();
  });
  for (int i = 0; i < kEngines; ++i) {
    SqlEngine engine({.threads = 1});
    Interruptible::Scope scope(place, engine);
  }
  place.interrupt();  // without an engine nothing happens
}

Interruptible* g_place;

// Signals are delivered to the thread that destroys, both while another thread is inside and while none is.
TEST(Interruptible, ASignalOnTheDestroyingThreadDoesNotWaitForItself) {
  Interruptible place;
  g_place = &place;
  struct sigaction action{}, before{};
  action.sa_handler = [](int) { g_place->interrupt(); };
  sigaction(SIGUSR2, &action, &before);
  {
    pthread_t destroying = pthread_self();
    std::jthread other([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) pthread_kill(destroying, SIGUSR2), place.interrupt();
    });
    for (int i = 0; i < kEngines; ++i) {
      SqlEngine engine({.threads = 1});
      Interruptible::Scope scope(place, engine);
    }
  }
  sigaction(SIGUSR2, &before, nullptr);
}

using InterruptedQueryTest = StoreFixture;

TEST_F(InterruptedQueryTest, AnInterruptedQueryThrows) {
  add_segment("SELECT range::UBIGINT AS bytes FROM range(1000)");
  for (int i = 0; i < 10; ++i) {
    FlowQuery opened = query();
    std::jthread other([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) opened.interrupt();
    });
    EXPECT_THROW(answer(opened, "SELECT sum(bytes) FROM flows"), QueryInterrupted);
  }
}

}  // namespace
}  // namespace weir
