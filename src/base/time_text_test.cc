// SPDX-License-Identifier: Apache-2.0
// The borders of each form; query/time_range_test.cc has the forms themselves.
#include "base/time_text.h"

#include <gtest/gtest.h>

#include "base/time_units.h"

namespace weir {
namespace {

// date -u -d '2026-11-21 09:39:00' +%s
constexpr int64_t kMorning = 1'795'253'940 * kSecond;
constexpr int64_t kMidnight = 1'795'219'200 * kSecond;

std::optional<int64_t> parse(std::string_view text) { return parse_time_text(text, kMorning); }

TEST(TimeText, FractionsOfAnyLengthAreCutToMilliseconds) {
  EXPECT_EQ(parse("2026-11-21T09:39:00.1Z"), kMorning + 100 * kMillisecond);
  EXPECT_EQ(parse("2026-11-21T09:39:00.0009Z"), kMorning);
  EXPECT_EQ(parse("2026-11-21T09:39:00.99999999999999999999Z"), kMorning + 999 * kMillisecond);
  EXPECT_EQ(parse_time_text("now", kMorning + 1'999'999), kMorning + kMillisecond);
}

TEST(TimeText, ALeapSecondIsTheFirstOfTheNextMinute) {  // RFC 3339 §5.6: 60 is allowed
  EXPECT_EQ(parse("2016-12-31T23:59:60Z"), parse("2017-01-01T00:00:00Z"));
  EXPECT_FALSE(parse("2016-12-31T23:59:61Z"));
}

TEST(TimeText, YearsAreThoseThatNanosecondsCanHold) {
  EXPECT_EQ(parse("1970-01-01"), 0);
  EXPECT_EQ(parse("1970-01-01T00:00+01:00"), -kHour);
  EXPECT_FALSE(parse("1969-12-31"));
  EXPECT_EQ(parse("2261-12-31"), 9'214'560'000 * kSecond);  // date -u -d 2261-12-31 +%s
  EXPECT_FALSE(parse("2262-01-01"));
}

TEST(TimeText, LeapDaysAreThoseOfTheCalendar) {
  EXPECT_TRUE(parse("2028-02-29"));
  EXPECT_TRUE(parse("2000-02-29"));
  EXPECT_FALSE(parse("2100-02-29"));
  EXPECT_FALSE(parse("2027/02/29"));
}

TEST(TimeText, OffsetsHaveASignAndTwoNumbers) {
  EXPECT_EQ(parse("2026-11-21T09:39:00-00:00"), kMorning);
  EXPECT_EQ(parse("2026-11-22T09:38:00+23:59"), kMorning);
  for (const char* text : {"2026-11-21T09:39:00+24:00", "2026-11-21T09:39:00+01:60", "2026-11-21T09:39:00+0100",
                           "2026-11-21T09:39:00 01:00", "2026-11-21T09:39:00+", "2026-11-21Z"})
    EXPECT_FALSE(parse(text)) << text;
}

TEST(TimeText, ADurationBeforeNowNeedsAUnitAndBeginsAfter1970) {
  EXPECT_EQ(parse("-90s"), kMorning - 90 * kSecond);
  EXPECT_EQ(parse("0s"), kMorning);
  EXPECT_EQ(parse_time_text("-1h", kHour), 0);
  for (const char* text : {"-90", "90", "-off", "off", "+1h", "1.5h", "-20000000h"}) EXPECT_FALSE(parse(text)) << text;
  EXPECT_FALSE(parse_time_text("-1h", kHour - 1));
}

TEST(TimeText, TodayBeginsAtMidnight) {
  EXPECT_EQ(parse_time_text("today", kMidnight), kMidnight);
  EXPECT_EQ(parse_time_text("today", kMidnight - 1), kMidnight - kDay);
  EXPECT_EQ(parse_time_text("yesterday", kMidnight + kDay - 1), kMidnight - kDay);
}

}  // namespace
}  // namespace weir
