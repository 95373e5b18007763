// SPDX-License-Identifier: Apache-2.0
// Times in a zone; engine_test.cc has the other types, and times in UTC.
#include "sql/column.h"

#include <gtest/gtest.h>

#include "sql/engine.h"

namespace weir {
namespace {

std::string shown(const char* zone, const std::string& value, SqlStyle style = SqlStyle::csv) {
  SqlEngine engine({.zone = TimeZone::named(zone).value()});
  SqlResult result = engine.prepare_reading("SELECT " + value).run();
  std::string text;
  if (result.next()) result.columns()[0].append(text, 0, style);
  return text;
}

TEST(Column, WholeNumbersHaveNoExponent) {
  SqlEngine engine({});
  SqlStatement statement =
      engine.prepare("SELECT 100000::DOUBLE, 1e15, 2e20, 0::DOUBLE, -1e5::DOUBLE, 0.5::FLOAT, 1e5::FLOAT");
  SqlResult result = statement.run();
  ASSERT_TRUE(result.next());
  std::string text;
  for (const SqlColumn& column : result.columns()) column.append(text += ' ', 0, SqlStyle::csv);
  EXPECT_EQ(text, " 100000 1000000000000000 2e+20 0 -100000 0.5 100000");
}

TEST(SqlColumnInAZone, TimesHaveTheOffsetOfTheirTime) {
  EXPECT_EQ(shown("Europe/Berlin", "TIMESTAMP '2026-03-29 00:59:59.999'"), "2026-03-29T01:59:59.999+01:00");
  EXPECT_EQ(shown("Europe/Berlin", "TIMESTAMP '2026-03-29 01:00:00'"), "2026-03-29T03:00:00.000+02:00");
  EXPECT_EQ(shown("Europe/Berlin", "TIMESTAMP '2026-10-25 00:30:00'"), "2026-10-25T02:30:00.000+02:00");
  EXPECT_EQ(shown("Europe/Berlin", "TIMESTAMP '2026-10-25 01:30:00'"), "2026-10-25T02:30:00.000+01:00");
  EXPECT_EQ(shown("Asia/Kolkata", "TIMESTAMP '2026-11-21 18:30:00'"), "2026-11-22T00:00:00.000+05:30");
  EXPECT_EQ(shown("Asia/Kathmandu", "TIMESTAMP '2026-12-31 18:15:00'"), "2027-01-01T00:00:00.000+05:45");
  EXPECT_EQ(shown("America/St_Johns", "TIMESTAMP '2026-01-01 03:29:59'"), "2025-12-31T23:59:59.000-03:30");
  EXPECT_EQ(shown("Etc/UTC", "TIMESTAMP '2026-11-21'"), "2026-11-21T00:00:00.000Z");
  EXPECT_EQ(shown("UTC", "TIMESTAMP '2026-11-21'"), "2026-11-21T00:00:00.000Z");
}

TEST(SqlColumnInAZone, AChangeOfHalfAnHour) {
  EXPECT_EQ(shown("Australia/Lord_Howe", "TIMESTAMP '2026-04-04 14:59:59'"), "2026-04-05T01:59:59.000+11:00");
  EXPECT_EQ(shown("Australia/Lord_Howe", "TIMESTAMP '2026-04-04 15:00:00'"), "2026-04-05T01:30:00.000+10:30");
}

TEST(SqlColumnInAZone, EachStyle) {
  const char* value = "TIMESTAMP '2026-11-21 09:39:00.5'";
  EXPECT_EQ(shown("America/New_York", value, SqlStyle::csv), "2026-11-21T04:39:00.500-05:00");
  EXPECT_EQ(shown("America/New_York", value, SqlStyle::json), "\"2026-11-21T04:39:00.500-05:00\"");
  EXPECT_EQ(shown("America/New_York", value, SqlStyle::human), "2026-11-21 04:39:00.500 -05:00");
}

TEST(SqlColumnInAZone, EachTypeOfTime) {
  const char* zone = "Europe/Berlin";
  EXPECT_EQ(shown(zone, "TIMESTAMP_S '2026-11-21 23:00:00'"), "2026-11-22T00:00:00.000+01:00");
  EXPECT_EQ(shown(zone, "TIMESTAMP_MS '2026-11-21 23:00:00.123'"), "2026-11-22T00:00:00.123+01:00");
  EXPECT_EQ(shown(zone, "TIMESTAMP '2026-11-21 23:00:00.123456'"), "2026-11-22T00:00:00.123456+01:00");
  EXPECT_EQ(shown(zone, "TIMESTAMP_NS '2026-11-21 23:00:00.123456789'"), "2026-11-22T00:00:00.123456789+01:00");
  EXPECT_EQ(shown(zone, "TIMESTAMPTZ '2026-11-21 23:00:00+00'"), "2026-11-22T00:00:00.000+01:00");
  EXPECT_EQ(shown(zone, "DATE '2026-11-21'"), "2026-11-21");
  EXPECT_EQ(shown(zone, "TIMESTAMP '2026-11-21 23:00:00'::VARCHAR"), "2026-11-21 23:00:00") << "SQL is in UTC";
  EXPECT_EQ(shown(zone, "[TIMESTAMP '2026-07-01', NULL, TIMESTAMP '2026-12-01']"),
            R"(["2026-07-01T02:00:00.000+02:00",null,"2026-12-01T01:00:00.000+01:00"])");
  EXPECT_EQ(shown(zone, "[[TIMESTAMP '2026-07-01']]"), R"([["2026-07-01T02:00:00.000+02:00"]])");
}

TEST(SqlColumnInAZone, EndlessTimesHaveNoZone) {
  for (const char* type : {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMPTZ", "DATE"}) {
    EXPECT_EQ(shown("Asia/Tokyo", std::string("'infinity'::") + type), "infinity") << type;
    EXPECT_EQ(shown("Asia/Tokyo", std::string("'-infinity'::") + type), "-infinity") << type;
  }
  EXPECT_EQ(shown("Asia/Tokyo", "NULL::TIMESTAMP", SqlStyle::json), "null");
}

TEST(SqlColumnInAZone, BeforeAndAfterTheTimesOfTheDatabase) {
  EXPECT_EQ(shown("Europe/Berlin", "TIMESTAMP '1969-12-31 23:59:59.999999'"), "1970-01-01T00:59:59.999999+01:00");
  EXPECT_EQ(shown("Europe/Berlin", "TIMESTAMP '2150-07-01'"), "2150-07-01T02:00:00.000+02:00");
  EXPECT_EQ(shown("Asia/Tokyo", "TIMESTAMP '9999-12-31 23:00:00'"), "10000-01-01T08:00:00.000+09:00");
  EXPECT_EQ(shown("Asia/Tokyo", "TIMESTAMP '290000-12-31 23:00:00'"), "290001-01-01T08:00:00.000+09:00");
  EXPECT_EQ(shown("UTC", "TIMESTAMP '294247-01-10 04:00:54.775806'"), "294247-01-10T04:00:54.775806Z");
  EXPECT_EQ(shown("UTC", "TIMESTAMP '290309-12-22 (BC) 00:00:00'"), "-290308-12-22T00:00:00.000Z");
  EXPECT_EQ(shown("UTC", "DATE '0001-02-28 (BC)' + 1"), "0000-02-29");
}

// RFC 3339 §5.8: "this timestamp uses the closest representable UTC offset". Berlin was 53 min 28 s ahead, Monrovia
// 44 min 30 s behind until 1972, Dublin 25 min 21 s.
TEST(SqlColumnInAZone, OffsetsWithSecondsAreWrittenAsTheClosestWithout) {
  EXPECT_EQ(shown("Europe/Berlin", "TIMESTAMP '1850-01-01 12:00:00'"), "1850-01-01T12:53:00.000+00:53");
  EXPECT_EQ(shown("Africa/Monrovia", "TIMESTAMP '1971-01-01 12:00:00'"), "1971-01-01T11:16:00.000-00:44");
  EXPECT_EQ(shown("Europe/Dublin", "TIMESTAMP '1870-01-01 12:00:00'"), "1870-01-01T11:35:00.000-00:25");
}

}  // namespace
}  // namespace weir
