// SPDX-License-Identifier: Apache-2.0
#include "query/top_notes.h"

#include "base/time_units.h"
#include "query/testing/store_fixture.h"

namespace weir {
namespace {

constexpr int64_t kNoon = 1'795'262'400'000;  // 2026-11-21 12:00:00 UTC, in ms
constexpr int64_t kHourMs = 3'600'000;

CountedFlows received_between(int64_t first_ms, int64_t last_ms) {
  CountedFlows counted;
  counted.flows = 7;
  counted.first_ms = first_ms;
  counted.last_ms = counted.newest_ms = last_ms;
  return counted;
}
std::string note(const CountedFlows& counted, int64_t now_ms, const TimeRange& range = {}) {
  return times_note(counted, range, now_ms * kMillisecond);
}

TEST(TopNotes, SayWhenTheFlowsWereReceivedAndHowOldTheNewestIs) {
  const CountedFlows counted = received_between(kNoon - 2 * kHourMs, kNoon - 2);
  const std::string span = "flows received from 2026-11-21 10:00:00 to 11:59:59 UTC";
  EXPECT_EQ(note(counted, kNoon - 1), span);
  EXPECT_EQ(note(counted, kNoon - kHourMs), span) << "the clock was set back";
  EXPECT_EQ(note(counted, kNoon + 6'000), span + "; those of the last 7 s may not be stored yet");
  EXPECT_EQ(note(counted, kNoon + 59'000), span + "; those of the last 60 s may not be stored yet");
  EXPECT_EQ(note(counted, kNoon + 60'000), span + "; the newest is 61 s old");
  EXPECT_EQ(note(counted, kNoon + 3 * kHourMs), span + "; the newest is 3 h old");
}

TEST(TopNotes, SayNothingOfTheAgeIfTheRangeHasEnded) {
  const TimeRange past{.until_ns = kNoon * kMillisecond};
  const CountedFlows counted = received_between(kNoon - 5'000, kNoon - 1'000);
  EXPECT_EQ(note(counted, kNoon + 1, past), "flows received from 2026-11-21 11:59:55 to 11:59:59 UTC");
  EXPECT_TRUE(note(counted, kNoon, past).ends_with("; those of the last 1 s may not be stored yet"));
}

TEST(TopNotes, NameTheDayOfTheLastFlowIfItIsAnother) {
  const CountedFlows counted = received_between(kNoon, kNoon + 12 * kHourMs);
  EXPECT_EQ(note(counted, kNoon), "flows received from 2026-11-21 12:00:00 to 2026-11-22 00:00:00 UTC");
  EXPECT_EQ(note(received_between(kNoon, kNoon + 24 * kHourMs), kNoon),
            "flows received from 2026-11-21 12:00:00 to 2026-11-22 12:00:00 UTC");
  EXPECT_EQ(note(received_between(kNoon + 1, kNoon + 999), kNoon), "flows received at 2026-11-21 12:00:00 UTC");
}

TEST(TopNotes, ReferToTheTimeThatWasChosen) {
  CountedFlows counted = received_between(kNoon - 1'000, kNoon);
  EXPECT_TRUE(note(counted, kNoon, {.column = TimeColumn::start}).starts_with("flows that began from 2026-11-21 11:5"));
  EXPECT_TRUE(note(counted, kNoon, {.column = TimeColumn::end}).starts_with("flows that ended from 2026-11-21 11:5"));
  counted.first_ms = counted.last_ms = std::nullopt;
  EXPECT_EQ(note(counted, kNoon + 2 * kHourMs, {.column = TimeColumn::start}),
            "none of these flows has a start time; the newest is 2 h old");
  EXPECT_EQ(note(counted, kNoon, {.column = TimeColumn::end}), "none of these flows has an end time");
}

TEST(TopNotes, SayThatThereAreNoFlows) {
  EXPECT_EQ(note({}, kNoon), "no flows match; weir store stats says what is stored");
}

TEST(TopNotes, ReportAMixtureOfSamplingRatesOrUnknownOnes) {
  CountedFlows counted;
  counted.smallest_rate = counted.largest_rate = "10";
  EXPECT_EQ(rates_note(counted, false), "");
  counted.smallest_rate = "1";
  EXPECT_EQ(rates_note(counted, false), "these flows have sampling rates from 1 to 10; --scale makes them comparable");
  EXPECT_EQ(rates_note(counted, true), "");
  counted.unknown_rates = 1234;
  EXPECT_EQ(rates_note(counted, true), "the sampling rate of 1,234 of these flows is unknown, and counts as 1");
}

class CountedFlowsTest : public StoreFixture {
 protected:
  CountedFlows counted(TimeColumn time) const {
    FlowQuery opened = query();
    return counted_flows(opened.first_row(counted_flows_sql(time)));
  }
};

TEST_F(CountedFlowsTest, AreReadFromTheStore) {
  add_segment(
      "SELECT make_timestamp(1795262400000000 + 1000000 * r)::TIMESTAMP_MS AS time_received, "
      "make_timestamp(1795262390000000)::TIMESTAMP_MS AS time_start, "
      "CASE r WHEN 0 THEN NULL ELSE 500 * r END::BIGINT AS duration_ms, rate::UBIGINT AS sampling_rate "
      "FROM (VALUES (0, 10), (1, 0), (2, NULL), (3, 2)) t(r, rate)");
  CountedFlows found = counted(TimeColumn::received);
  EXPECT_EQ(found.flows, 4u);
  EXPECT_EQ(found.first_ms, kNoon);
  EXPECT_EQ(found.last_ms, kNoon + 3'000);
  EXPECT_EQ(found.smallest_rate + " " + found.largest_rate, "2 10");
  EXPECT_EQ(found.unknown_rates, 2u);
  found = counted(TimeColumn::end);
  EXPECT_EQ(found.first_ms, kNoon - 9'500);
  EXPECT_EQ(found.last_ms, kNoon - 8'500);
  EXPECT_EQ(found.newest_ms, kNoon + 3'000);
}

TEST_F(CountedFlowsTest, NoneAreNone) {
  Segments::open(data_);
  const CountedFlows found = counted(TimeColumn::start);
  EXPECT_EQ(found.flows, 0u);
  EXPECT_FALSE(found.first_ms || found.last_ms || found.newest_ms);
}

}  // namespace
}  // namespace weir
