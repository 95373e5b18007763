// SPDX-License-Identifier: Apache-2.0
#include "os/epoll_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "os/clock.h"
#include "os/wake.h"

namespace weir::os {
namespace {

constexpr int64_t kMs = 1'000'000, kLong = 60'000 * kMs;

TEST(EpollSet, WaitsForFractionsOfAMillisecondToo) {
  EpollSet set;
  const int64_t began = monotonic_ns();
  EXPECT_EQ(set.wait(0), 0u);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(set.wait(kMs / 10), 0u);
  EXPECT_GE(monotonic_ns() - began, 2 * kMs);
}

TEST(EpollSet, ReturnsTheTagsOfReadyDescriptors) {
  EpollSet set;
  std::vector<Wake> wakes(100);
  for (size_t i = 0; i < wakes.size(); ++i) set.add(wakes[i].fd(), i);
  EXPECT_EQ(set.wait(0), 0u);
  wakes[99].set();
  ASSERT_EQ(set.wait(kLong), 1u);
  EXPECT_EQ(set.ready(0), 99u);
  wakes[99].clear();
  EXPECT_EQ(set.wait(0), 0u);
}

TEST(EpollSet, ManyReadyDescriptorsAreReturnedInTurn) {
  EpollSet set;
  std::vector<Wake> wakes(2 * EpollSet::kMaxReady);
  for (size_t i = 0; i < wakes.size(); ++i) set.add(wakes[i].fd(), i), wakes[i].set();
  std::vector<bool> named(wakes.size());
  for (int turn = 0; turn < 4; ++turn) {
    const size_t ready = set.wait(kLong);
    EXPECT_EQ(ready, EpollSet::kMaxReady);
    for (size_t i = 0; i < ready; ++i) named[set.ready(i)] = true;
  }
  EXPECT_EQ(std::count(named.begin(), named.end(), true), static_cast<ptrdiff_t>(wakes.size()));
}

TEST(EpollSet, ASetCanBeAMemberOfAnother) {
  EpollSet outer, inner;
  Wake wake;
  outer.add(inner.fd(), 7);
  inner.add(wake.fd(), 1);
  EXPECT_EQ(outer.wait(0), 0u);
  wake.set();
  ASSERT_EQ(outer.wait(kLong), 1u);
  EXPECT_EQ(outer.ready(0), 7u);
  ASSERT_EQ(inner.wait(0), 1u);
  EXPECT_EQ(inner.ready(0), 1u);
}

TEST(EpollSet, RemovedDescriptorsAreNotReported) {
  EpollSet set;
  Wake wake;
  set.add(wake.fd(), 1);
  wake.set();
  set.remove(wake.fd());
  EXPECT_EQ(set.wait(0), 0u);
}

}  // namespace
}  // namespace weir::os
