// SPDX-License-Identifier: Apache-2.0
#include "run/receive_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "base/time_units.h"

namespace weir {
namespace {

// 2026-11-21T12:00:00Z (date -u -d @1795262400).
constexpr int64_t kNewest = 1'795'262'400'000'000'000;

class ReceiveClockTest : public testing::Test {
 protected:
  void SetUp() override { testing::internal::CaptureStderr(); }
  void TearDown() override {
    if (capturing_) testing::internal::GetCapturedStderr();
  }
  std::string log() {
    capturing_ = false;
    return testing::internal::GetCapturedStderr();
  }
  static size_t lines(const std::string& text) { return static_cast<size_t>(std::ranges::count(text, '\n')); }
  // A store whose newest flow was received at kNewest, and a clock that is ahead of that by `ahead`.
  void start(int64_t ahead, int64_t keep = 30 * kDay) {
    at_ = {kNewest + ahead, 7 * kHour};
    clock_.emplace(keep, [this] { return at_; });
    clock_->start_from(kNewest);
  }
  void pass(int64_t ns) { at_.real_ns += ns, at_.steady_ns += ns; }
  ReceiveClock::Stamp receive() { return clock_->receive(at_); }

  ReceiveClock::Times at_;
  std::optional<ReceiveClock> clock_;
  bool capturing_ = true;
};

TEST_F(ReceiveClockTest, AClockThatFitsIsTrustedWithoutALogLine) {
  for (int64_t ahead : {-kDay, int64_t{0}, kHour, 15 * kDay}) {
    start(ahead);
    EXPECT_FALSE(clock_->is_held()) << ahead;
    EXPECT_EQ(clock_->now().now_ns, kNewest + ahead);
    EXPECT_FALSE(receive().held) << ahead;
    EXPECT_EQ(receive().correction_ns, 0);
  }
  EXPECT_EQ(log(), "");
}

TEST_F(ReceiveClockTest, WithoutAYardstickAnyClockIsTrusted) {
  at_ = {5, 0};
  clock_.emplace(30 * kDay, [this] { return at_; });
  clock_->start_from(0);
  EXPECT_FALSE(clock_->is_held());
  at_ = {kNewest, 1};
  EXPECT_FALSE(clock_->is_held());
  EXPECT_FALSE(receive().held);
  EXPECT_EQ(log(), "");
}

TEST_F(ReceiveClockTest, LimitsHowFarAheadTheClockMayBe) {
  struct Case {
    int64_t keep, limit;
  };
  for (Case c : {Case{30 * kDay, 15 * kDay}, Case{kDay, kDay}, Case{kHour, kDay}, Case{0, 15 * kDay}}) {
    start(c.limit, c.keep);
    EXPECT_FALSE(clock_->is_held()) << c.keep;
    start(c.limit + 1, c.keep);
    EXPECT_TRUE(clock_->is_held()) << c.keep;
  }
}

// Received data gets the clock's time, which may be right, and a mark.
TEST_F(ReceiveClockTest, AheadIsHeldForADayAndThenTrusted) {
  start(1'000 * kDay);
  for (int hour = 0; hour < 24; ++hour, pass(kHour)) {
    EXPECT_TRUE(receive().held);
    EXPECT_EQ(receive().correction_ns, 0);
    EXPECT_TRUE(clock_->is_held());
    EXPECT_EQ(clock_->now().now_ns, at_.real_ns);
    EXPECT_FALSE(clock_->take_beginning());
  }
  EXPECT_FALSE(receive().held);
  EXPECT_EQ(clock_->take_beginning(), at_.real_ns);
  EXPECT_FALSE(clock_->take_beginning());
  pass(kHour);
  EXPECT_FALSE(clock_->is_held());
  std::string said = log();
  EXPECT_EQ(lines(said), 2u) << said;
  EXPECT_NE(said.find("1000 days after"), std::string::npos) << said;
}

TEST_F(ReceiveClockTest, WhileBehindTheYardstickAdvancesByItself) {
  start(-20'000 * kDay);  // 1972
  pass(3 * kHour);
  ReceiveClock::Stamp stamp = receive();
  EXPECT_TRUE(stamp.held);
  EXPECT_EQ(at_.real_ns + stamp.correction_ns, kNewest + 3 * kHour);
  pass(kHour);
  EXPECT_EQ(at_.real_ns + receive().correction_ns, kNewest + 4 * kHour);
  EXPECT_EQ(clock_->now().now_ns, kNewest + 4 * kHour);
  at_.real_ns = kNewest + 30 * kHour;  // set correctly
  EXPECT_FALSE(receive().held);
  EXPECT_EQ(receive().correction_ns, 0);
  std::string said = log();
  EXPECT_EQ(lines(said), 2u) << said;
  EXPECT_NE(said.find("before"), std::string::npos) << said;
}

TEST_F(ReceiveClockTest, BehindIsTrustedAfterADay) {
  start(-kDay - 1);
  EXPECT_TRUE(receive().held);
  pass(kDay);
  EXPECT_FALSE(receive().held);
  EXPECT_EQ(clock_->take_beginning(), kNewest - 1);
  EXPECT_FALSE(receive().held);
}

TEST_F(ReceiveClockTest, DataReceivedWhileHeldDoesNotMoveTheYardstick) {
  start(0);
  receive();
  at_.real_ns += 100 * kDay;
  for (int i = 0; i < 20; ++i, pass(kHour)) EXPECT_TRUE(receive().held);
  at_.real_ns -= 100 * kDay;
  EXPECT_FALSE(receive().held);
}

TEST_F(ReceiveClockTest, DataReceivedWhileTrustedMovesTheYardstick) {
  start(10 * kDay);
  receive();
  at_.real_ns += 10 * kDay;
  EXPECT_FALSE(receive().held);
  at_.real_ns += 16 * kDay;
  EXPECT_TRUE(receive().held);
}

// A change from ahead to behind does not restart the day.
TEST_F(ReceiveClockTest, AClockSetFromOneWrongTimeToAnotherIsHeldForADayInAll) {
  start(100 * kDay);
  EXPECT_TRUE(receive().held);
  pass(20 * kHour);
  at_.real_ns -= 300 * kDay;
  EXPECT_TRUE(receive().held);
  pass(4 * kHour);
  EXPECT_FALSE(receive().held);
}

}  // namespace
}  // namespace weir
