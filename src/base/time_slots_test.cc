// SPDX-License-Identifier: Apache-2.0
#include "base/time_slots.h"

#include <gtest/gtest.h>

#include "base/testing/utc_seconds.h"

namespace weir {
namespace {

int64_t start(const char* length, int64_t seconds, const char* zone = "UTC") {
  return TimeSlots::of(length).value().start_of(seconds, TimeZone::named(zone).value());
}

TEST(TimeSlots, LengthsAreWholeSecondsOrUnitsOfTheCalendar) {
  for (const char* length : {"1s", "90s", "90", "15m", "6h", "1d", "7d", "100000d", "week", "month", "year", "2000ms"})
    EXPECT_TRUE(TimeSlots::of(length)) << length;
  for (const char* length : {"", "0", "0s", "off", "-1h", "1.5h", "500ms", "1500ms", "1ns", "1w", "1 week", "Week",
                             "weeks", "106752d", "9223372036854775807s", "99999999999999999999d", "1h "})
    EXPECT_FALSE(TimeSlots::of(length)) << length;
}

TEST(TimeSlots, ContainTheirStart) {
  const int64_t time = utc_seconds(2026, 11, 21, 9, 39, 17);  // a Saturday
  EXPECT_EQ(start("1s", time), time);
  EXPECT_EQ(start("90s", time), utc_seconds(2026, 11, 21, 9, 39));
  EXPECT_EQ(start("15m", time), utc_seconds(2026, 11, 21, 9, 30));
  EXPECT_EQ(start("6h", time), utc_seconds(2026, 11, 21, 6));
  EXPECT_EQ(start("1d", time), utc_seconds(2026, 11, 21));
  EXPECT_EQ(start("week", time), utc_seconds(2026, 11, 16));
  EXPECT_EQ(start("month", time), utc_seconds(2026, 11, 1));
  EXPECT_EQ(start("year", time), utc_seconds(2026, 1, 1));
  for (const char* length : {"15m", "6h", "1d", "36h", "week", "month", "year"}) {
    const int64_t first = start(length, time);
    EXPECT_EQ(start(length, first), first) << length;
    EXPECT_LT(start(length, first - 1), first - 1) << length;
  }
}

TEST(TimeSlots, BeginBefore1970) {
  EXPECT_EQ(start("15m", -1), -900);
  EXPECT_EQ(start("6h", -1), utc_seconds(1969, 12, 31, 18));
  EXPECT_EQ(start("1d", -1), utc_seconds(1969, 12, 31));
  EXPECT_EQ(start("week", -1), utc_seconds(1969, 12, 29));
  EXPECT_EQ(start("month", -1), utc_seconds(1969, 12, 1));
  EXPECT_EQ(start("year", utc_seconds(1900, 3, 1)), utc_seconds(1900, 1, 1));
  EXPECT_EQ(start("week", utc_seconds(1, 1, 7, 23)), utc_seconds(1, 1, 1))
      << "the first day of the calendar is a Monday";
}

TEST(TimeSlots, WeeksBeginOnMonday) {
  EXPECT_EQ(start("week", utc_seconds(2026, 11, 16)), utc_seconds(2026, 11, 16));
  EXPECT_EQ(start("week", utc_seconds(2026, 11, 15, 23, 59, 59)), utc_seconds(2026, 11, 9));
  EXPECT_EQ(start("week", utc_seconds(2027, 1, 1)), utc_seconds(2026, 12, 28));
  EXPECT_EQ(start("7d", utc_seconds(2026, 11, 21)), utc_seconds(2026, 11, 16));
  EXPECT_EQ(start("week", utc_seconds(2026, 3, 29, 21, 59), "Europe/Berlin"), utc_seconds(2026, 3, 22, 23));
  EXPECT_EQ(start("week", utc_seconds(2026, 3, 29, 22), "Europe/Berlin"), utc_seconds(2026, 3, 29, 22));
}

TEST(TimeSlots, SeveralDaysAreCountedFromMonday2000_01_03) {
  EXPECT_EQ(start("2d", utc_seconds(2000, 1, 4, 23)), utc_seconds(2000, 1, 3));
  EXPECT_EQ(start("2d", utc_seconds(2000, 1, 2, 23)), utc_seconds(2000, 1, 1));
  EXPECT_EQ(start("36h", utc_seconds(2000, 1, 4, 12)), utc_seconds(2000, 1, 4, 12));
  EXPECT_EQ(start("36h", utc_seconds(2000, 1, 5), "Europe/Berlin"), utc_seconds(2000, 1, 4, 11));
}

TEST(TimeSlots, DaysOfAZoneHave23Or25HoursIfClocksChange) {
  const char* berlin = "Europe/Berlin";
  EXPECT_EQ(start("1d", utc_seconds(2026, 3, 28, 22, 59), berlin), utc_seconds(2026, 3, 27, 23));
  EXPECT_EQ(start("1d", utc_seconds(2026, 3, 28, 23), berlin), utc_seconds(2026, 3, 28, 23));
  EXPECT_EQ(start("1d", utc_seconds(2026, 3, 29, 21, 59), berlin), utc_seconds(2026, 3, 28, 23));
  EXPECT_EQ(start("1d", utc_seconds(2026, 3, 29, 22), berlin), utc_seconds(2026, 3, 29, 22));
  EXPECT_EQ(start("1d", utc_seconds(2026, 10, 25, 22, 59), berlin), utc_seconds(2026, 10, 24, 22));
  EXPECT_EQ(start("1d", utc_seconds(2026, 10, 25, 23), berlin), utc_seconds(2026, 10, 25, 23));
}

TEST(TimeSlots, DaysWithoutMidnightBeginWhenItIsSkipped) {
  EXPECT_EQ(start("1d", utc_seconds(2026, 9, 6, 12), "America/Santiago"), utc_seconds(2026, 9, 6, 4));
  EXPECT_EQ(start("1d", utc_seconds(2026, 9, 6, 3, 59), "America/Santiago"), utc_seconds(2026, 9, 5, 4));
  EXPECT_EQ(start("1d", utc_seconds(2011, 12, 30, 10), "Pacific/Apia"), utc_seconds(2011, 12, 30, 10));
  EXPECT_EQ(start("1d", utc_seconds(2011, 12, 30, 9), "Pacific/Apia"), utc_seconds(2011, 12, 29, 10));
}

TEST(TimeSlots, SlotsLongerThanAnHourAreMultiplesOnTheClock) {
  const char* berlin = "Europe/Berlin";
  EXPECT_EQ(start("6h", utc_seconds(2026, 3, 29, 3, 59), berlin), utc_seconds(2026, 3, 28, 23));
  EXPECT_EQ(start("6h", utc_seconds(2026, 3, 29, 4), berlin), utc_seconds(2026, 3, 29, 4));
  EXPECT_EQ(start("2h", utc_seconds(2026, 10, 25, 1, 59), berlin), utc_seconds(2026, 10, 25, 0)) << "the second 02:59";
  EXPECT_EQ(start("2h", utc_seconds(2026, 3, 29, 1), berlin), utc_seconds(2026, 3, 29, 1)) << "02:00 is skipped";
  EXPECT_EQ(start("7h", utc_seconds(2026, 11, 21, 22, 30), berlin), utc_seconds(2026, 11, 21, 19)) << "from 20:00";
}

TEST(TimeSlots, HoursOfAZoneAreRepeatedAndSkipped) {
  const char* berlin = "Europe/Berlin";
  EXPECT_EQ(start("1h", utc_seconds(2026, 10, 25, 0, 30), berlin), utc_seconds(2026, 10, 25, 0));
  EXPECT_EQ(start("1h", utc_seconds(2026, 10, 25, 1, 30), berlin), utc_seconds(2026, 10, 25, 1));
  EXPECT_EQ(start("1h", utc_seconds(2026, 3, 29, 0, 59), berlin), utc_seconds(2026, 3, 29, 0));
  EXPECT_EQ(start("1h", utc_seconds(2026, 3, 29, 1, 1), berlin), utc_seconds(2026, 3, 29, 1));
  EXPECT_EQ(start("1h", utc_seconds(2026, 11, 21, 9, 45), "Asia/Kolkata"), utc_seconds(2026, 11, 21, 9, 30));
}

// By half an hour: at 02:00 to 01:30 on 2026-04-05, and to 02:30 on 2026-10-04.
TEST(TimeSlots, AChangeByLessThanTheSlotBeginsANewOne) {
  const char* lord_howe = "Australia/Lord_Howe";
  const int64_t back = utc_seconds(2026, 4, 4, 15), forward = utc_seconds(2026, 10, 3, 15, 30);
  EXPECT_EQ(start("1h", back - 1, lord_howe), back - 3600);
  EXPECT_EQ(start("1h", back, lord_howe), back);
  EXPECT_EQ(start("1h", back + 1799, lord_howe), back);
  EXPECT_EQ(start("1h", back + 1800, lord_howe), back + 1800);
  EXPECT_EQ(start("1h", forward - 1, lord_howe), forward - 3600);
  EXPECT_EQ(start("1h", forward + 1799, lord_howe), forward);
  EXPECT_EQ(start("1h", forward + 1800, lord_howe), forward + 1800);
  EXPECT_EQ(start("15m", back + 1000, lord_howe), back + 900);
}

TEST(TimeSlots, TheLargestMultipleThatIsNotLarger) {
  EXPECT_EQ(floor_to(7, 5), 5);
  EXPECT_EQ(floor_to(5, 5), 5);
  EXPECT_EQ(floor_to(-5, 5), -5);
  EXPECT_EQ(floor_to(-1, 5), -5);
  EXPECT_EQ(floor_to(0, 5), 0);
}

}  // namespace
}  // namespace weir
