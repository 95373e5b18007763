// SPDX-License-Identifier: Apache-2.0
// The borders of each form; query/time_range_test.cc has the forms themselves.
#include "base/time_text.h"

#include <gtest/gtest.h>

#include "base/testing/utc_seconds.h"
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
                           "2026-11-21T09:39:00 01:00", "2026-11-21T09:39:00  +01:00", "2026-11-21 09:39:00 ",
                           "2026-11-21 +01:00", "2026/11/21.09:39 +01:00", "2026-11-21T09:39:00+", "2026-11-21Z"})
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

// In a zone; "now" is `now` there.
std::optional<int64_t> parse_in(const char* zone, std::string_view text, int64_t now = kMorning) {
  return parse_time_text(text, {now, TimeZone::named(zone).value()});
}
constexpr int64_t utc(int month, int day, int hour, int minute = 0) {  // of 2026
  return utc_seconds(2026, month, day, hour, minute) * kSecond;
}

TEST(TimeText, ATimeWithoutAZoneIsOfTheGivenOne) {
  for (const char* text : {"2026-11-21T10:39", "2026-11-21 10:39:00", "2026-11-21t10:39:00.000", "2026/11/21.10:39",
                           "2026/11/21.10:39:00"})
    EXPECT_EQ(parse_in("Europe/Berlin", text), kMorning) << text;
  EXPECT_EQ(parse_in("Europe/Berlin", "2026-07-01"), utc(6, 30, 22));
  EXPECT_EQ(parse_in("Europe/Berlin", "2026/07/01"), utc(6, 30, 22));
  EXPECT_EQ(parse_in("Asia/Kolkata", "2026-11-21T15:09:00.123"), kMorning + 123 * kMillisecond);
  EXPECT_EQ(parse_in("America/St_Johns", "2026-11-21T06:09"), kMorning);
  EXPECT_EQ(parse_in("Europe/Berlin", "2016-12-31T23:59:60"), utc_seconds(2016, 12, 31, 23) * kSecond);
  EXPECT_EQ(parse_in("Europe/Berlin", "1970-01-01"), -kHour);
}

TEST(TimeText, AZoneOfTheTextWins) {
  for (const char* text :
       {"2026-11-21 10:39:00.000 +01:00", "2026-11-21 04:39 -05:00", "2026-11-21T09:39:00Z", "2026-11-21T09:39z",
        "2026-11-21T15:09+05:30", "2026-11-21 09:39-00:00", "2026-11-21T04:39:00.000-05:00"})
    EXPECT_EQ(parse_in("Europe/Berlin", text), kMorning) << text;
  EXPECT_EQ(parse_in("Europe/Berlin", "2026-03-29T02:30+01:00"), utc(3, 29, 1, 30)) << "which Berlin skips";
}

TEST(TimeText, ASkippedTimeIsTheChangeAndARepeatedOneTheFirst) {
  EXPECT_EQ(parse_in("Europe/Berlin", "2026-03-29T02:30"), utc(3, 29, 1));
  EXPECT_EQ(parse_in("Europe/Berlin", "2026/03/29.02:30"), utc(3, 29, 1));
  EXPECT_EQ(parse_in("Europe/Berlin", "2026-03-29T03:30"), utc(3, 29, 1, 30));
  EXPECT_EQ(parse_in("Europe/Berlin", "2026-10-25T02:30"), utc(10, 25, 0, 30));
  EXPECT_EQ(parse_in("Europe/Berlin", "2026-10-25T02:30+01:00"), utc(10, 25, 1, 30));
  EXPECT_EQ(parse_in("Australia/Lord_Howe", "2026-10-04T02:15"), utc(10, 3, 15, 30));
  EXPECT_EQ(parse_in("Australia/Lord_Howe", "2026-04-05T01:45"), utc(4, 4, 14, 45));
  EXPECT_EQ(parse_in("America/Santiago", "2026-09-06"), utc(9, 6, 4)) << "midnight is skipped";
}

TEST(TimeText, TodayAndYesterdayAreDaysOfTheZone) {
  EXPECT_EQ(parse_in("Europe/Berlin", "today", utc(11, 21, 22, 59)), utc(11, 20, 23));
  EXPECT_EQ(parse_in("Europe/Berlin", "today", utc(11, 21, 23)), utc(11, 21, 23));
  EXPECT_EQ(parse_in("Pacific/Kiritimati", "today", utc(11, 21, 12)), utc(11, 21, 10)) << "14 hours ahead";
  EXPECT_EQ(parse_in("Pacific/Niue", "yesterday", utc(11, 21, 10)), utc(11, 19, 11)) << "11 hours behind";
  EXPECT_EQ(parse_in("Europe/Berlin", "-1h", utc(3, 29, 1, 30)), utc(3, 29, 0, 30)) << "durations are not of the clock";
}

TEST(TimeText, TodayAndYesterdayMayHave23Or25Hours) {
  EXPECT_EQ(parse_in("Europe/Berlin", "today", utc(3, 29, 12)), utc(3, 28, 23));
  EXPECT_EQ(parse_in("Europe/Berlin", "yesterday", utc(3, 30, 12)), utc(3, 28, 23));
  EXPECT_EQ(parse_in("Europe/Berlin", "today", utc(10, 25, 12)), utc(10, 24, 22));
  EXPECT_EQ(parse_in("Europe/Berlin", "yesterday", utc(10, 25, 23)), utc(10, 24, 22));
  EXPECT_EQ(parse_in("America/Santiago", "yesterday", utc(9, 7, 12)), utc(9, 6, 4));
}

}  // namespace
}  // namespace weir
