// SPDX-License-Identifier: Apache-2.0
// The zones of tzdata in a few well-known places; test/test_zones.py compares all of them with Python's.
#include "base/time_zone.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/testing/utc_seconds.h"

namespace weir {
namespace {

TimeZone zone(const char* name) { return TimeZone::named(name).value(); }

int64_t at(const TimeZone& zone, int year, unsigned month, unsigned day, int hour, int minute = 0) {
  return zone.seconds_at(
      std::chrono::sys_days(std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(day)),
      hour * 3600 + minute * 60);
}

// Changes TZ until the end of the test; absl reads it whenever it is asked for the local zone.
class GivenZone {
 public:
  explicit GivenZone(const char* name) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    setenv("TZ", name, 1);
  }
  ~GivenZone() { before_ ? setenv("TZ", before_->c_str(), 1) : unsetenv("TZ"); }

 private:
  std::optional<std::string> before_;
};

TEST(TimeZone, IsUtcUnlessNamed) {
  EXPECT_TRUE(TimeZone().is_utc());
  EXPECT_EQ(TimeZone().name(), "UTC");
  EXPECT_TRUE(zone("UTC").is_utc());
  EXPECT_FALSE(zone("Europe/Berlin").is_utc());
  EXPECT_EQ(zone("Europe/Berlin").name(), "Europe/Berlin");
}

TEST(TimeZone, NamesThatAreNoZoneAreRefused) {
  for (const std::string& name : {std::string(),
                                  std::string("../../etc/passwd"),
                                  std::string("/etc/localtime"),
                                  std::string("/etc/passwd"),
                                  std::string("Europe/../Europe/Berlin"),
                                  std::string("./UTC"),
                                  std::string("Europe"),
                                  std::string("Europe/"),
                                  std::string("Europe/Berlim"),
                                  std::string("tzdata.zi"),
                                  std::string("leapseconds"),
                                  std::string(" UTC"),
                                  std::string("file:Europe/Berlin"),
                                  std::string("libc:localtime"),
                                  std::string("Fixed/UTC+01:00:00"),
                                  std::string("right/Europe/Berlin"),
                                  std::string("Europe/Berlin\0", 14),
                                  std::string("+01:00"),
                                  std::string("localtime"),
                                  std::string("CET-1CEST,M3.5.0,M10.5.0/3"),
                                  std::string("%s%n"),
                                  std::string("\xff"),
                                  std::string(5000, 'a'),
                                  std::string(1 << 20, '/')})
    EXPECT_FALSE(TimeZone::named(name)) << name.substr(0, 40);
}

TEST(TimeZone, LocalIsTheZoneThatTheEnvironmentNames) {
  for (const char* name : {"Asia/Kolkata", ":Asia/Kolkata", "/usr/share/zoneinfo/Asia/Kolkata"}) {
    GivenZone given(name);
    EXPECT_EQ(zone("local").offset(0), 5 * 3600 + 1800) << name;
    EXPECT_EQ(zone("local").name(), *name == '/' ? "local time" : "Asia/Kolkata");
  }
  for (const char* name : {"", "UTC", "UTC0", "Europe/Berlim", "CET-1CEST,M3.5.0,M10.5.0/3"}) {
    GivenZone given(name);
    EXPECT_TRUE(zone("local").is_utc()) << name;
  }
}

TEST(TimeZone, OffsetsAreThoseOfTheTime) {
  const TimeZone berlin = zone("Europe/Berlin");
  const int64_t forward = utc_seconds(2026, 3, 29, 1), back = utc_seconds(2026, 10, 25, 1);
  EXPECT_EQ(berlin.offset(forward - 1), 3600);
  EXPECT_EQ(berlin.offset(forward), 7200);
  EXPECT_EQ(berlin.offset(back - 1), 7200);
  EXPECT_EQ(berlin.offset(back), 3600);
  EXPECT_EQ(zone("America/St_Johns").offset(utc_seconds(2026, 7, 1)), -9000);
  EXPECT_EQ(zone("Asia/Kathmandu").offset(utc_seconds(2026, 7, 1)), 20'700);
  EXPECT_EQ(zone("Australia/Lord_Howe").offset(utc_seconds(2026, 1, 1)), 11 * 3600);
  EXPECT_EQ(zone("Australia/Lord_Howe").offset(utc_seconds(2026, 7, 1)), 10 * 3600 + 1800);
  EXPECT_EQ(zone("Etc/GMT+5").offset(0), -5 * 3600);
  EXPECT_EQ(zone("Africa/Monrovia").offset(0), -2670);
  EXPECT_EQ(berlin.offset(utc_seconds(1850, 1, 1)), 3208);
}

// After the last year that the database lists, its rule goes on.
TEST(TimeZone, OffsetsOfAFarFuture) {
  EXPECT_EQ(zone("Europe/Berlin").offset(utc_seconds(2150, 7, 1)), 7200);
  EXPECT_EQ(zone("Europe/Berlin").offset(utc_seconds(2150, 12, 1)), 3600);
  for (int64_t seconds : {INT64_MIN / 1'000'000, INT64_MAX / 1'000'000}) zone("Europe/Berlin").offset(seconds);
}

TEST(TimeZone, AShownTimeIsOneMoment) {
  const TimeZone berlin = zone("Europe/Berlin"), lord_howe = zone("Australia/Lord_Howe");
  EXPECT_EQ(at(berlin, 2026, 7, 1, 12), utc_seconds(2026, 7, 1, 10));
  EXPECT_EQ(at(berlin, 2026, 12, 1, 12), utc_seconds(2026, 12, 1, 11));
  EXPECT_EQ(at(TimeZone(), 2026, 12, 1, 12), utc_seconds(2026, 12, 1, 12));
  EXPECT_EQ(at(lord_howe, 2026, 1, 1, 0), utc_seconds(2025, 12, 31, 13));
  EXPECT_EQ(at(berlin, 2026, 12, 31, 24), utc_seconds(2026, 12, 31, 23)) << "a leap second before midnight";
}

TEST(TimeZone, ASkippedTimeIsWhenClocksSkipIt) {
  const TimeZone berlin = zone("Europe/Berlin"), lord_howe = zone("Australia/Lord_Howe");
  EXPECT_EQ(at(berlin, 2026, 3, 29, 1, 59), utc_seconds(2026, 3, 29, 0, 59));
  for (int minute : {0, 1, 30, 59}) EXPECT_EQ(at(berlin, 2026, 3, 29, 2, minute), utc_seconds(2026, 3, 29, 1));
  EXPECT_EQ(at(berlin, 2026, 3, 29, 3), utc_seconds(2026, 3, 29, 1));
  EXPECT_EQ(at(lord_howe, 2026, 10, 4, 2, 15), utc_seconds(2026, 10, 3, 15, 30));
  EXPECT_EQ(at(zone("America/Santiago"), 2026, 9, 6, 0), utc_seconds(2026, 9, 6, 4)) << "a day without midnight";
  EXPECT_EQ(at(zone("Pacific/Apia"), 2011, 12, 30, 12), utc_seconds(2011, 12, 30, 10)) << "a skipped day";
}

TEST(TimeZone, ARepeatedTimeIsTheFirst) {
  const TimeZone berlin = zone("Europe/Berlin"), lord_howe = zone("Australia/Lord_Howe");
  EXPECT_EQ(at(berlin, 2026, 10, 25, 2), utc_seconds(2026, 10, 25, 0));
  EXPECT_EQ(at(berlin, 2026, 10, 25, 2, 30), utc_seconds(2026, 10, 25, 0, 30));
  EXPECT_EQ(at(berlin, 2026, 10, 25, 3), utc_seconds(2026, 10, 25, 2));
  EXPECT_EQ(at(lord_howe, 2026, 4, 5, 1, 45), utc_seconds(2026, 4, 4, 14, 45));
  EXPECT_EQ(at(zone("America/Havana"), 2026, 11, 1, 0), utc_seconds(2026, 11, 1, 4)) << "two midnights";
}

TEST(TimeZone, TheLastChangeOfClocks) {
  const TimeZone berlin = zone("Europe/Berlin");
  const int64_t forward = utc_seconds(2026, 3, 29, 1), back = utc_seconds(2026, 10, 25, 1);
  EXPECT_EQ(berlin.last_change(forward, 7), forward);
  EXPECT_EQ(berlin.last_change(forward + 1, 7), forward);
  EXPECT_EQ(berlin.last_change(back - 1, 7), forward);
  EXPECT_EQ(berlin.last_change(back, 7), back);
  EXPECT_EQ(berlin.last_change(forward - 1, 7), utc_seconds(2025, 10, 26, 1));
  EXPECT_EQ(TimeZone().last_change(forward, 7), 7);
}

}  // namespace
}  // namespace weir
