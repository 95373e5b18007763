// SPDX-License-Identifier: Apache-2.0
#include "run/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>

#include "run/worker.h"

namespace weir {
namespace {

TEST(BoundedQueue, PopsInOrderAcrossTheEndOfTheRing) {
  BoundedQueue<int> queue(3);
  int value = 0;
  for (int round = 0; round < 5; ++round) {
    EXPECT_TRUE(queue.try_push(10 * round));
    EXPECT_TRUE(queue.try_push(10 * round + 1));
    ASSERT_TRUE(queue.pop(value, 0));
    EXPECT_EQ(value, 10 * round);
    ASSERT_TRUE(queue.pop(value, 0));
    EXPECT_EQ(value, 10 * round + 1);
  }
  EXPECT_FALSE(queue.pop(value, 0));
}

TEST(BoundedQueue, RefusesWhenFullAndLeavesTheRefusedValueUntouched) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  EXPECT_TRUE(queue.try_push(std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  EXPECT_FALSE(queue.try_push(std::move(second)));
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(*second, 2);
  EXPECT_EQ(queue.size(), 1u);
}

TEST(BoundedQueue, KeepsNoReferenceToAPoppedValue) {
  BoundedQueue<std::shared_ptr<int>> queue(4);
  auto value = std::make_shared<int>(7);
  EXPECT_TRUE(queue.try_push(std::shared_ptr<int>(value)));
  EXPECT_EQ(value.use_count(), 2);
  std::shared_ptr<int> taken;
  ASSERT_TRUE(queue.pop(taken, 0));
  taken.reset();
  EXPECT_EQ(value.use_count(), 1);
}

TEST(BoundedQueue, ClosedRefusesButDrains) {
  BoundedQueue<int> queue(4);
  EXPECT_TRUE(queue.try_push(1));
  queue.close();
  EXPECT_FALSE(queue.try_push(2));
  int value = 0;
  EXPECT_TRUE(queue.pop(value, 1000));
  EXPECT_EQ(value, 1);
  EXPECT_FALSE(queue.pop(value, 60'000));  // at once: nothing can arrive any more
}

TEST(BoundedQueue, PopWaitsNoLongerThanItsTimeout) {
  BoundedQueue<int> queue(1);
  auto begin = std::chrono::steady_clock::now();
  int value = 0;
  EXPECT_FALSE(queue.pop(value, 30));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(30));
}

TEST(BoundedQueue, ManyProducersLoseNothingAndKeepTheirOwnOrder) {
  constexpr int kProducers = 4, kEach = 20'000;
  BoundedQueue<std::pair<int, int>> queue(16);
  std::vector<std::unique_ptr<Worker>> producers;
  for (int p = 0; p < kProducers; ++p)
    producers.push_back(std::make_unique<Worker>("producer", [&queue, p](std::stop_token) {
      for (int i = 0; i < kEach;) i += queue.try_push({p, i}) ? 1 : (std::this_thread::yield(), 0);
    }));
  std::map<int, int> next;
  std::pair<int, int> value;
  for (int taken = 0; taken < kProducers * kEach; ++taken) {
    ASSERT_TRUE(queue.pop(value, 10'000));
    ASSERT_EQ(value.second, next[value.first]++);
  }
  EXPECT_FALSE(queue.pop(value, 0));
}

}  // namespace
}  // namespace weir
