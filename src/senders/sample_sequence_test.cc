// SPDX-License-Identifier: Apache-2.0
#include "senders/sample_sequence.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

const IpAddress kAgent = IpAddress::v4(0xc0000201), kOther = IpAddress::v4(0xc0000202);

// A collector that follows one agent's port 7.
struct Follower {
  std::shared_ptr<SampleSourceCapacity> capacity = std::make_shared<SampleSourceCapacity>();
  SampleSequences sequences{capacity};
  int64_t lost = 0, duplicates = 0, restarts = 0;
  uint32_t uptime_ms = 100'000;

  bool datagram(uint32_t sequence, const IpAddress& agent = kAgent) {
    SampleSequences::Datagram step = sequences.datagram(agent, sequence, uptime_ms);
    duplicates += step.duplicate;
    restarts += step.restart;
    return step.follow;
  }
  void sample(uint32_t sequence, SampleKind kind = SampleKind::flow, uint32_t index = 7) {
    lost += sequences.sample(kind, 0, index, sequence).lost;
  }
  // A datagram that arrives in order, with one sample.
  void both(uint32_t datagram_sequence, uint32_t sample_sequence) {
    uptime_ms += 100;
    if (datagram(datagram_sequence)) sample(sample_sequence);
  }
};

TEST(SampleSequences, NothingIsLostInOrder) {
  Follower f;
  for (uint32_t n = 0; n < 100; ++n) f.both(n, 1000 + n);
  EXPECT_EQ(f.lost, 0);
  EXPECT_EQ(f.restarts, 0);
  EXPECT_EQ(f.duplicates, 0);
}

TEST(SampleSequences, SamplesThatNeverArrivedAreLost) {
  Follower f;
  f.both(1, 10);
  f.both(4, 15);
  EXPECT_EQ(f.lost, 4) << "11 to 14";
}

TEST(SampleSequences, NumbersWrap) {
  Follower f;
  f.both(0xffff'ffff, 0xffff'fffe);
  f.both(0, 0xffff'ffff);
  f.both(1, 1);
  EXPECT_EQ(f.lost, 1);
  EXPECT_EQ(f.restarts, 0);
}

TEST(SampleSequences, SourcesAndKindsAreFollowedSeparately) {
  Follower f;
  f.datagram(1);
  f.sample(10);
  f.sample(500, SampleKind::counters);
  f.sample(70, SampleKind::flow, 8);
  f.sample(3, SampleKind::discarded);
  f.datagram(2);
  f.sample(11);
  f.sample(502, SampleKind::counters);
  f.sample(71, SampleKind::flow, 8);
  f.sample(4, SampleKind::discarded);
  EXPECT_EQ(f.lost, 1) << "one counter sample";
}

TEST(SampleSequences, AgentsBehindOneAddressAreFollowedSeparately) {
  Follower f;
  for (uint32_t n = 0; n < 10; ++n) {
    EXPECT_TRUE(f.datagram(n, kAgent));
    f.sample(n);
    EXPECT_TRUE(f.datagram(n * 3 + 50'000, kOther));
    f.sample(n + 9'000);
  }
  EXPECT_EQ(f.lost, 0);
  EXPECT_EQ(f.restarts, 0);
}

TEST(SampleSequences, LateSamplesAreNotLost) {
  Follower f;
  f.both(1, 10);
  f.both(3, 12);
  EXPECT_EQ(f.lost, 1);
  f.uptime_ms -= 50;
  EXPECT_TRUE(f.datagram(2));
  f.sample(11);
  EXPECT_EQ(f.lost, 0);
  EXPECT_EQ(f.restarts, 0);
  EXPECT_EQ(f.duplicates, 0);
  f.both(4, 13);
  EXPECT_EQ(f.lost, 0);
}

TEST(SampleSequences, LateInTheMiddleOfAGap) {
  Follower f;
  f.both(1, 10);
  f.both(6, 15);  // 2 to 5 with 11 to 14 are missing
  EXPECT_EQ(f.lost, 4);
  f.uptime_ms -= 50;
  EXPECT_TRUE(f.datagram(4));
  f.sample(13);
  EXPECT_TRUE(f.datagram(3));
  f.sample(12);
  EXPECT_TRUE(f.datagram(5));
  f.sample(14);
  EXPECT_EQ(f.lost, 1);
  EXPECT_FALSE(f.datagram(3)) << "once more";
  EXPECT_EQ(f.duplicates, 1);
}

TEST(SampleSequences, RepeatedDatagramsAreReportedAndNotFollowed) {
  Follower f;
  f.both(1, 10);
  EXPECT_FALSE(f.datagram(1));
  EXPECT_EQ(f.duplicates, 1);
  f.both(2, 11);
  EXPECT_EQ(f.lost, 0);
}

TEST(SampleSequences, AnUptimeThatGoesBackIsARestart) {
  Follower f;
  f.both(1'000, 5'000);
  f.uptime_ms = 200;
  EXPECT_TRUE(f.datagram(1));
  f.sample(1);
  f.both(2, 2);
  EXPECT_EQ(f.restarts, 1);
  EXPECT_EQ(f.lost, 0);
}

TEST(SampleSequences, ARestartWithHigherNumbersIsNoLoss) {
  Follower f;
  f.both(10, 50);
  f.uptime_ms = 5'000;
  f.datagram(400);
  f.sample(4'000);
  EXPECT_EQ(f.restarts, 1);
  EXPECT_EQ(f.lost, 0);
}

TEST(SampleSequences, DatagramsFromBeforeARestartAreNoRestart) {
  Follower f;
  f.both(1, 1);
  f.both(4, 4);
  EXPECT_EQ(f.lost, 2);
  uint32_t before = f.uptime_ms;
  f.uptime_ms = 200;
  f.both(1, 1);
  EXPECT_EQ(f.restarts, 1);
  uint32_t now = f.uptime_ms;
  f.uptime_ms = before - 50;
  EXPECT_FALSE(f.datagram(3)) << "late";
  EXPECT_EQ(f.duplicates, 0);
  EXPECT_FALSE(f.datagram(3)) << "and once more";
  EXPECT_EQ(f.duplicates, 1);
  f.uptime_ms = now;
  f.both(2, 2);
  f.both(3, 3);
  EXPECT_EQ(f.restarts, 1);
  EXPECT_EQ(f.lost, 2);
}

TEST(SampleSequences, ABootThatReachesTheUptimeOfThePreviousIsNotTakenForIt) {
  Follower f;
  f.uptime_ms = 11'900;
  f.both(119, 119);
  f.uptime_ms = 900;
  for (uint32_t number = 9; number <= 130; ++number) f.both(number, number);
  EXPECT_EQ(f.restarts, 1);
  EXPECT_EQ(f.duplicates, 0);
  EXPECT_EQ(f.lost, 0);
}

TEST(SampleSequences, TheUptimeMayWrap) {
  Follower f;
  f.uptime_ms = 0xffff'ff00;
  f.both(1, 1);
  f.uptime_ms = 0xffff'fff0;
  f.both(2, 2);  // the uptime is 84 now
  f.both(3, 3);
  EXPECT_EQ(f.restarts, 0);
  EXPECT_EQ(f.lost, 0);
}

TEST(SampleSequences, ASourceMayStartAgainByItself) {
  Follower f;
  f.both(1, 5'000);
  f.both(2, 1);  // a new sampling rate
  f.both(3, 2);
  f.both(4, 4);
  EXPECT_EQ(f.lost, 1);
  EXPECT_EQ(f.restarts, 0);
}

TEST(SampleSequences, AHugeJumpIsNoLoss) {
  Follower f;
  f.both(1, 5);
  f.both(2, 0x7000'0000);
  f.both(3, 0x7000'0001);
  EXPECT_EQ(f.lost, 0);
}

TEST(SampleSequences, SourcesAreBounded) {
  auto capacity = std::make_shared<SampleSourceCapacity>(5);
  {
    SampleSequences one(capacity, 4), two(capacity, 4);
    one.datagram(kAgent, 1, 1);  // takes a place too
    for (uint32_t port = 0; port < 3; ++port) EXPECT_FALSE(one.sample(SampleKind::flow, 0, port, 1).refused);
    EXPECT_TRUE(one.sample(SampleKind::flow, 0, 99, 1).refused) << "the stream's bound";
    EXPECT_FALSE(one.sample(SampleKind::flow, 0, 2, 2).refused);
    two.datagram(kAgent, 1, 1);
    EXPECT_TRUE(two.sample(SampleKind::flow, 0, 1, 1).refused) << "the bound of all";
  }
  SampleSequences again(capacity, 4);
  again.datagram(kAgent, 1, 1);
  EXPECT_FALSE(again.sample(SampleKind::flow, 0, 1, 1).refused) << "places are given back";
}

}  // namespace
}  // namespace weir
