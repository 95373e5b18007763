// SPDX-License-Identifier: Apache-2.0
#include "senders/sequence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace weir {
namespace {

SequenceStep step(uint32_t sequence, uint32_t units, uint32_t seconds = 1000) {
  SequenceStep s;
  s.sequence = sequence;
  s.units = units;
  s.export_seconds = seconds;
  return s;
}

SequenceStep with_uptime(uint32_t sequence, uint32_t units, uint32_t uptime_ms) {
  SequenceStep s = step(sequence, units);
  s.has_uptime = true;
  s.uptime_ms = uptime_ms;
  return s;
}

TEST(Sequence, NothingIsLostInOrder) {
  SequenceTracker t;
  for (uint32_t s = 4'294'967'200u, i = 0; i < 20; ++i, s += 30) EXPECT_EQ(t.advance(step(s, 30)).lost, 0);  // wraps
}

TEST(Sequence, AGapIsLostAndALateDatagramTakesItBack) {
  SequenceTracker t;
  t.advance(step(0, 30));
  EXPECT_EQ(t.advance(step(90, 30)).lost, 60);
  SequenceChange late = t.advance(step(60, 30));
  EXPECT_EQ(late.lost, -30);
  EXPECT_FALSE(late.duplicate);
  EXPECT_EQ(t.advance(step(30, 30)).lost, -30);
  EXPECT_EQ(t.advance(step(120, 30)).lost, 0);
}

TEST(Sequence, TheSameDatagramTwiceIsADuplicate) {
  SequenceTracker t;
  t.advance(step(0, 30));
  t.advance(step(30, 30));
  SequenceChange again = t.advance(step(30, 30));
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.lost, 0);
  EXPECT_EQ(t.advance(step(60, 30)).lost, 0);
}

TEST(Sequence, AnUptimeThatGoesBackIsARestart) {
  SequenceTracker t;
  t.advance(with_uptime(1'000'000, 1, 9'000'000));
  SequenceChange change = t.advance(with_uptime(0, 1, 30'000));
  EXPECT_TRUE(change.restart);
  EXPECT_EQ(change.lost, 0);
  EXPECT_EQ(t.advance(with_uptime(1, 1, 31'000)).lost, 0);
}

TEST(Sequence, AnUptimeThatWrapsIsNoRestart) {
  SequenceTracker t;
  t.advance(with_uptime(50, 1, 4'294'967'000u));
  SequenceChange change = t.advance(with_uptime(51, 1, 700));
  EXPECT_FALSE(change.restart);
  EXPECT_EQ(change.lost, 0);
  change = t.advance(with_uptime(53, 1, 1'700));
  EXPECT_FALSE(change.restart);
  EXPECT_EQ(change.lost, 1);
}

TEST(Sequence, NumbersThatGoBackWhileTheClockAdvancesAreARestart) {
  SequenceTracker t;
  t.advance(step(20'000, 20, 1000));
  EXPECT_TRUE(t.advance(step(0, 20, 1060)).restart);
  EXPECT_EQ(t.advance(step(20, 20, 1061)).lost, 0);
}

// softflowd's IPFIX: each header has the number after its own records.
TEST(Sequence, NumbersThatCountTheDatagramsOwnRecords) {
  SequenceTracker t;
  int64_t lost = 0;
  uint32_t number = 0;
  for (uint32_t units : {20, 29, 29, 7, 29, 12, 30, 1}) {
    SequenceChange change = t.advance(step(number += units, units));
    lost += change.lost;
    EXPECT_FALSE(change.duplicate);
  }
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(t.advance(step(number += 25, 5)).lost, 20);
}

// IPFIX: the first message contains a set whose template is missing, the second shows that it had 20 records.
TEST(Sequence, AHeldSetExplainsItsGap) {
  SequenceTracker t;
  SequenceStep unknown = step(0, 0);
  unknown.units_known = false;
  unknown.held = 1;
  t.advance(unknown);
  EXPECT_EQ(t.advance(step(20, 10)).lost, 0);
  EXPECT_EQ(t.explain(20).lost, 0);
  EXPECT_EQ(t.advance(step(30, 10)).lost, 0);
}

TEST(Sequence, WhatAHeldSetDoesNotExplainWasLost) {
  SequenceTracker t;
  SequenceStep unknown = step(0, 0);
  unknown.units_known = false;
  unknown.held = 1;
  t.advance(unknown);
  t.advance(step(50, 10));  // 20 in the held set, 30 lost
  EXPECT_EQ(t.explain(20).lost, 30);
}

TEST(Sequence, AHeldSetOfTheNewestMessageMovesTheCount) {
  SequenceTracker t;
  SequenceStep unknown = step(0, 0);
  unknown.units_known = false;
  unknown.held = 1;
  t.advance(unknown);
  EXPECT_EQ(t.explain(20).lost, 0);
  EXPECT_EQ(t.advance(step(20, 5)).lost, 0);
  EXPECT_EQ(t.advance(step(35, 5)).lost, 10);
}

TEST(Sequence, TwoHeldSetsOfTheNewestMessage) {
  SequenceTracker t;
  SequenceStep unknown = step(0, 0);
  unknown.units_known = false;
  unknown.held = 2;
  t.advance(unknown);
  EXPECT_EQ(t.explain(10).lost, 0);
  EXPECT_EQ(t.explain(20).lost, 0);
  EXPECT_EQ(t.advance(step(30, 5)).lost, 0);
}

// One is decoded, the other given up: what is missing then was in the latter.
TEST(Sequence, OfTwoHeldSetsOfTheNewestMessageOneIsGivenUp) {
  for (bool give_up_first : {false, true}) {
    SequenceTracker t;
    SequenceStep unknown = step(0, 0);
    unknown.units_known = false;
    unknown.held = 2;
    t.advance(unknown);
    if (give_up_first) t.give_up();
    EXPECT_EQ(t.explain(10).lost, 0);
    if (!give_up_first) t.give_up();
    SequenceChange change = t.advance(step(30, 5));
    EXPECT_EQ(change.given_up, 20);
    EXPECT_EQ(change.lost, 0);
    EXPECT_EQ(t.advance(step(40, 5)).lost, 5);
  }
}

// A message sent between a held one and its template, which arrives only after the template.
TEST(Sequence, AMessageLaterThanTheTemplateIsStillTakenBack) {
  SequenceTracker t;
  SequenceStep unknown = step(0, 0);
  unknown.units_known = false;
  unknown.held = 1;
  t.advance(unknown);
  EXPECT_EQ(t.advance(step(30, 5)).lost, 0);  // 10 in the held set, 20 in a message that is late
  EXPECT_EQ(t.explain(10).lost, 20);
  SequenceChange late = t.advance(step(10, 20));
  EXPECT_EQ(late.lost, -20);
  EXPECT_FALSE(late.duplicate);
  EXPECT_TRUE(t.advance(step(10, 20)).duplicate);
}

TEST(Sequence, AHeldMessageThatArrivesTwice) {
  SequenceTracker t;
  t.advance(step(0, 10));
  SequenceStep unknown = step(10, 0);
  unknown.units_known = false;
  unknown.held = 1;
  t.advance(unknown);
  EXPECT_TRUE(t.is_repeated(unknown));
  unknown.held = 0;
  unknown.repeated = true;
  EXPECT_TRUE(t.advance(unknown).duplicate);
  EXPECT_EQ(t.advance(step(30, 5)).lost, 0);
  EXPECT_TRUE(t.is_repeated(unknown));
  EXPECT_FALSE(t.is_repeated(step(20, 5)));  // may be late
  EXPECT_EQ(t.explain(20).lost, 0);
}

TEST(Sequence, AMessageWhoseSetsWereGivenUpAtOnce) {
  SequenceTracker t;
  SequenceStep unknown = step(0, 0);
  unknown.units_known = false;
  unknown.given_up = 1;
  t.advance(unknown);
  SequenceChange change = t.advance(step(20, 5));
  EXPECT_EQ(change.given_up, 20);
  EXPECT_EQ(change.lost, 0);
  EXPECT_EQ(t.advance(step(35, 5)).lost, 10);
}

TEST(Sequence, ALateMessageOfUnknownSizeLeavesItsGapUnexplained) {
  SequenceTracker t;
  t.advance(step(0, 10));
  EXPECT_EQ(t.advance(step(30, 10)).lost, 20);
  SequenceStep late = step(10, 0);
  late.units_known = false;
  late.held = 1;
  EXPECT_EQ(t.advance(late).lost, -20);
  EXPECT_EQ(t.explain(15).lost, 5);
}

TEST(Sequence, GivenUpSetsAccountForTheirRecords) {
  SequenceTracker t;
  SequenceStep unknown = step(0, 0);
  unknown.units_known = false;
  unknown.held = 1;
  t.advance(unknown);
  t.advance(step(20, 10));
  EXPECT_EQ(t.give_up().given_up, 20);
}

// Twelve seconds late, but of the same boot by its clock.
TEST(Sequence, AVeryLateDatagramIsNoRestart) {
  SequenceTracker t;
  SequenceStep late = with_uptime(10, 1, 100'000);
  SequenceStep newest = with_uptime(12, 1, 112'000);
  newest.export_seconds += 12;
  t.advance(with_uptime(9, 1, 99'000));
  EXPECT_EQ(t.advance(newest).lost, 2);
  EXPECT_FALSE(t.is_restart(late));
  SequenceChange change = t.advance(late);
  EXPECT_FALSE(change.restart);
  EXPECT_EQ(change.lost, -1);
}

// An exporter that counts messages, not records: behind the expected number, but not behind what it sent.
TEST(Sequence, NumbersThatLagBehindTheRecordsAreNoRestart) {
  SequenceTracker t;
  t.advance(step(7, 30, 1000));
  EXPECT_FALSE(t.is_restart(step(8, 30, 1060)));
  EXPECT_TRUE(t.is_restart(step(0, 30, 1060)));
}

// Random loss, reordering and duplication: sent = received - duplicates + lost, always.
TEST(Sequence, PartsAddUpUnderLossReorderingAndDuplicates) {
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    struct Sent {
      uint32_t sequence, units;
    };
    std::vector<Sent> sent, arriving;
    uint32_t next = random(), total = 0;
    for (int i = 0; i < 400; ++i) {
      uint32_t units = 1 + random() % 30;
      sent.push_back({next, units});
      next += units;
      total += units;
    }
    uint32_t duplicated = 0;
    for (size_t i = 0; i < sent.size(); ++i) {
      bool edge = i == 0 || i + 1 == sent.size();  // the first and the last delimit the count
      if (!edge && random() % 10 == 0) continue;
      arriving.push_back(sent[i]);
      if (!edge && random() % 20 == 0) arriving.push_back(sent[i]), ++duplicated;
    }
    for (size_t i = 2; i + 2 < arriving.size(); ++i)
      if (random() % 8 == 0) std::swap(arriving[i], arriving[i + 1]);
    SequenceTracker t;
    int64_t lost = 0, received = 0, duplicate_units = 0;
    for (const Sent& s : arriving) {
      SequenceChange change = t.advance(step(s.sequence, s.units));
      lost += change.lost;
      received += s.units;
      if (change.duplicate) duplicate_units += s.units, --duplicated;
    }
    EXPECT_EQ(duplicated, 0u) << "seed " << seed;
    EXPECT_EQ(received - duplicate_units + lost, total) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weir
