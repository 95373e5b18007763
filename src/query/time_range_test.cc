// SPDX-License-Identifier: Apache-2.0
#include "query/time_range.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/time_units.h"

namespace weir {
namespace {

constexpr int64_t kMs = 1'000'000;
// date -u -d '2026-11-21 09:39:00' +%s
constexpr int64_t kMorning = 1'795'253'940'000 * kMs;
constexpr int64_t kMidnight = 1'795'219'200'000 * kMs;  // 2026-11-21 00:00:00

int64_t parse(const std::string& text) { return parse_time(text, kMorning + 123'456'789); }

TEST(ParseTime, Rfc3339) {
  EXPECT_EQ(parse("2026-11-21T09:39:00Z"), kMorning);
  EXPECT_EQ(parse("2026-11-21t09:39:00.5z"), kMorning + 500 * kMs);
  EXPECT_EQ(parse("2026-11-21T09:39:00.123999999Z"), kMorning + 123 * kMs);
  EXPECT_EQ(parse("2026-11-21T10:39:00+01:00"), kMorning);
  EXPECT_EQ(parse("2026-11-21T04:09-05:30"), kMorning);
  EXPECT_EQ(parse("2026-11-21 09:39"), kMorning);
  EXPECT_EQ(parse("2026-11-21"), kMidnight);
  EXPECT_EQ(parse("2024-02-29T00:00Z"), 1'709'164'800'000 * kMs);
  EXPECT_EQ(parse("1970-01-01"), 0);
}

TEST(ParseTime, AsNfdumpWritesIt) {
  EXPECT_EQ(parse("2026/11/21.09:39"), kMorning);
  EXPECT_EQ(parse("2026/11/21.09:39:01"), kMorning + 1000 * kMs);
  EXPECT_EQ(parse("2026/11/21"), kMidnight);
}

TEST(ParseTime, RelativeToNow) {
  EXPECT_EQ(parse("now"), kMorning + 123 * kMs);
  EXPECT_EQ(parse("-1h"), kMorning + 123 * kMs - kHour);
  EXPECT_EQ(parse("1h"), parse("-1h"));
  EXPECT_EQ(parse("2d"), kMorning + 123 * kMs - 48 * kHour);
  EXPECT_EQ(parse("today"), kMidnight);
  EXPECT_EQ(parse("yesterday"), kMidnight - 24 * kHour);
}

TEST(ParseTime, RefusesAnythingElseByName) {
  for (const char* text : {"", "soon", "2026", "2026-13-01", "2026-02-30", "2026-11-21T", "2026-11-21T25:00Z",
                           "2026-11-21T09", "off", "2026-11-21T09:39:00Zx", "2026-11-21T09:39:00.Z", "2026/11/21 09:39",
                           "--1h", "-", "1", "9999999d", "2026-11-21T09:39:00+1:00", "20261121"}) {
    try {
      parse(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_NE(std::string(error.what()).find("\"" + std::string(text) + "\" is no time"), std::string::npos);
    }
  }
}

TEST(ParseTime, Columns) {
  EXPECT_EQ(parse_time_column("end"), TimeColumn::end);
  EXPECT_THROW(parse_time_column("bytes"), Error);
}

}  // namespace
}  // namespace weir
