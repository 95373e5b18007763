// SPDX-License-Identifier: Apache-2.0
#include "senders/stream_sequence.h"
#include "base/time_units.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

// v9: booted at second `boot`, `uptime` seconds later.
SequenceHeader v9(uint32_t sequence, uint32_t boot, uint32_t uptime) {
  return {sequence, true, uptime * 1000, boot + uptime};
}
SequenceHeader ipfix(uint32_t sequence, uint32_t seconds) { return {sequence, false, 0, seconds}; }

struct Stream {
  StreamSequence sequence;
  int64_t lost = 0;
  StreamSequence::Arrival send(const SequenceHeader& header, uint32_t units, int64_t received_s) {
    StreamSequence::Arrival arrival = sequence.arrive(header, received_s * kSecond, true);
    lost += sequence.advance({header, units, true, 0, 0, false}, arrival.boot).lost;
    return arrival;
  }
};

TEST(StreamSequence, ARestartBeginsABootAndLateDatagramsBelongToTheOldOne) {
  Stream s;
  s.send(v9(100, 1000, 500), 1, 0);
  s.send(v9(102, 1000, 501), 1, 1);
  EXPECT_EQ(s.lost, 1);
  auto first = s.send(v9(0, 1530, 5), 1, 35);
  EXPECT_TRUE(first.restart);
  EXPECT_EQ(first.boot, 1u);
  auto late = s.send(v9(101, 1000, 501), 1, 36);
  EXPECT_FALSE(late.restart);
  EXPECT_EQ(late.boot, 0u);
  EXPECT_EQ(s.lost, 0);
  EXPECT_EQ(s.send(v9(1, 1530, 6), 1, 36).boot, 1u);
  EXPECT_EQ(s.lost, 0);
}

TEST(StreamSequence, WithoutAnUptimeTheNumbersAndTheClockDecide) {
  Stream s;
  s.send(ipfix(50'000, 1000), 10, 0);
  s.send(ipfix(50'020, 1000), 10, 0);
  EXPECT_EQ(s.lost, 10);
  EXPECT_TRUE(s.send(ipfix(0, 1060), 10, 60).restart);
  EXPECT_EQ(s.send(ipfix(50'010, 1000), 10, 61).boot, 0u);
  EXPECT_EQ(s.send(ipfix(10, 1061), 10, 61).boot, 1u);
  EXPECT_EQ(s.lost, 0);
}

// A load balancer gives two exporters one 4-tuple: each is followed as a boot of its own, neither restarts again.
TEST(StreamSequence, TwoExportersBehindOneAddressAndPort) {
  Stream s;
  int restarts = 0;
  for (uint32_t n = 0; n < 100; ++n) {
    restarts += s.send(v9(7000 + n, 1000, 90'000 + n), 1, n).restart;
    restarts += s.send(v9(20 + n, 80'000, 11'000 + n), 1, n).restart;
  }
  EXPECT_EQ(restarts, 1);
  EXPECT_EQ(s.lost, 0);
}

// A router in a capture (samplingrate.pcap of Akvorado's tests): the uptime goes back by 113 s, but is still 44 days.
TEST(StreamSequence, AnExporterThatHasBeenUpForLongerHasNotRestarted) {
  StreamSequence s;
  SequenceHeader first{2073, true, 3'872'245'664, 1'691'746'213}, next{2089, true, 3'872'132'129, 1'691'746'229};
  s.advance({first, 1, true, 0, 0, false}, s.arrive(first, 0, true).boot);
  EXPECT_FALSE(s.arrive(next, 16 * kSecond, true).restart);
  SequenceHeader booted{0, true, 12'000, 1'691'746'229};
  EXPECT_TRUE(s.arrive(booted, 16 * kSecond, true).restart);
}

// An EdgeRouter in a capture (netflow9_test_ubnt_edgerouter of Logstash's tests): the datagram that fills a gap was
// exported later than the one that opened it.
TEST(StreamSequence, ADatagramThatFillsAGapIsOfTheSameBoot) {
  StreamSequence s;
  SequenceHeader headers[] = {{31663, true, 409'398'185, 1'473'524'648},
                              {31826, true, 409'360'002, 1'473'524'610},
                              {31664, true, 409'398'185, 1'473'524'648}};
  for (const SequenceHeader& header : headers) {
    StreamSequence::Arrival arrival = s.arrive(header, 0, true);
    EXPECT_FALSE(arrival.restart);
    s.advance({header, 1, true, 0, 0, false}, arrival.boot);
  }
  SequenceHeader anew{3, true, 409'400'000, 1'473'524'650};  // only the exporting process started again
  EXPECT_TRUE(s.arrive(anew, 2 * kSecond, true).restart);
}

TEST(StreamSequence, TooManyRestartsAreNotAccepted) {
  StreamSequence s;
  int restarts = 0;
  for (uint32_t n = 0; n < 60; ++n) {
    SequenceHeader header = v9(1000 - 10 * n, 1000 + 100 * n, 300 - n);  // another boot each second
    StreamSequence::Arrival arrival = s.arrive(header, n * kSecond, true);
    restarts += arrival.restart;
    s.advance({header, 1, true, 0, 0, false}, arrival.boot);
  }
  EXPECT_EQ(restarts, 3);
}

}  // namespace
}  // namespace weir
