// SPDX-License-Identifier: Apache-2.0
#include "run/worker.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>

namespace weir {
namespace {

TEST(Worker, DestructionAsksTheBodyToStopAndWaitsForIt) {
  std::atomic<bool> ended{false};
  {
    Worker worker("waits", [&](std::stop_token stop) {
      while (!stop.stop_requested()) std::this_thread::yield();
      ended = true;
    });
  }
  EXPECT_TRUE(ended);
}

TEST(Worker, JoinWaitsForABodyThatEndsByItself) {
  std::atomic<int> value{0};
  Worker worker("counts", [&](std::stop_token) { value = 42; });
  worker.join();
  EXPECT_EQ(value, 42);
  worker.join();
}

TEST(Worker, NamesAreTruncatedToTheKernelsLimit) {
  std::atomic<bool> named{false};
  char name[16] = "";
  {
    Worker worker("a-name-longer-than-fifteen", [&](std::stop_token stop) {
      while (!stop.stop_requested()) std::this_thread::yield();
      pthread_getname_np(pthread_self(), name, sizeof name);
      named = true;
    });
  }
  EXPECT_TRUE(named);
  EXPECT_STREQ(name, "a-name-longer-t");
}

}  // namespace
}  // namespace weir
