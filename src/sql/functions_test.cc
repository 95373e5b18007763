// SPDX-License-Identifier: Apache-2.0
#include "sql/functions.h"

#include <gtest/gtest.h>

#include "sql/engine.h"

namespace weir {
namespace {

class SqlFunctions : public testing::Test {
 protected:
  // The first cell of each row, as CSV; "null" for null.
  std::vector<std::string> rows(const std::string& sql) {
    SqlStatement statement = engine_.prepare_reading(sql);
    SqlResult result = statement.run();
    std::vector<std::string> cells;
    while (result.next())
      for (size_t row = 0; row < result.rows(); ++row)
        result.columns()[0].append(cells.emplace_back(), row, SqlStyle::json);
    return cells;
  }
  std::string value(const std::string& expression) {
    std::vector<std::string> cells = rows("SELECT " + expression);
    EXPECT_EQ(cells.size(), 1u);
    return cells.empty() ? "" : cells[0];
  }
  // The message of the error, which must be the user's.
  std::string refused(const std::string& expression) {
    try {
      value(expression);
    } catch (const SqlError& error) {
      EXPECT_EQ(error.kind(), SqlError::Kind::statement) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "accepted: " << expression;
    return "";
  }

  // When the slot of a time begins, both in UTC, in the zone `engine` has.
  static std::string slot(SqlEngine& engine, const std::string& time, const std::string& length) {
    SqlResult result = engine
                           .prepare_reading("SELECT time_slot(TIMESTAMP " + sql_literal(time) + ", " +
                                            sql_literal(length) + ")::VARCHAR")
                           .run();
    std::string cell;
    if (result.next()) result.columns()[0].append(cell, 0, SqlStyle::csv);
    return cell;
  }

  SqlEngine engine_{{}};
  SqlEngine berlin_{{.zone = TimeZone::named("Europe/Berlin").value()}};
};

TEST_F(SqlFunctions, InNet) {
  EXPECT_EQ(value("in_net('10.1.2.3', '10.0.0.0/8')"), "true");
  EXPECT_EQ(value("in_net('11.0.0.0', '10.0.0.0/8')"), "false");
  EXPECT_EQ(value("in_net('192.0.2.9', '192.0.2.1-192.0.2.9')"), "true");
  EXPECT_EQ(value("in_net('192.0.2.10', '192.0.2.1-192.0.2.9')"), "false");
  EXPECT_EQ(value("in_net('2001:db8::1', '10.0.0.0/8, 2001:db8::/32')"), "true");
  EXPECT_EQ(value("in_net('2001:db8::1', '2001:db8::1')"), "true");
  EXPECT_EQ(value("in_net('10.0.0.1', '')"), "false");
}

TEST_F(SqlFunctions, InNetIsFalseForTheOtherFamilyAndForTextsThatAreNoAddress) {
  EXPECT_EQ(value("in_net('10.0.0.1', '::/0')"), "false");
  EXPECT_EQ(value("in_net('10.0.0.1', '::/80')"), "false");
  EXPECT_EQ(value("in_net('2001:db8::1', '0.0.0.0/0')"), "false");
  EXPECT_EQ(value("in_net('', '0.0.0.0/0')"), "false");
  EXPECT_EQ(value("in_net('router', '0.0.0.0/0')"), "false");
  EXPECT_EQ(value("in_net('10.0.0.0/8', '0.0.0.0/0')"), "false");
}

TEST_F(SqlFunctions, InNetOfManyRowsAndSeveralNetworks) {
  EXPECT_EQ(rows("SELECT in_net(a, n) FROM (VALUES (1, '10.0.0.1', '10.0.0.0/8'), (2, '10.0.0.1', '11.0.0.0/8'), "
                 "(3, NULL, '10.0.0.0/8'), (4, '10.0.0.1', NULL), (5, '10.0.0.1', ''), (6, '10.0.0.1', '10.0.0.0/8')) "
                 "AS t(i, a, n) ORDER BY i"),
            (std::vector<std::string>{"true", "false", "null", "null", "false", "true"}));
  EXPECT_EQ(value("count(*) FILTER (in_net('10.0.' || i // 256 || '.' || i % 256, '10.0.1.0/24')) "
                  "FROM range(5000) t(i)"),
            "256");
}

TEST_F(SqlFunctions, InNetSaysWhatToWriteForAWrongNetwork) {
  for (const char* network : {"10.0.0.0/33", "nonsense", "10.0.0.9-10.0.0.1", "10.0.0.0/8; 11.0.0.0/8"}) {
    std::string message = refused("in_net('10.0.0.1', '" + std::string(network) + "')");
    EXPECT_TRUE(message.contains("write 10.0.0.0/8, 2001:db8::/32 or several with commas")) << message;
  }
  EXPECT_TRUE(refused("in_net('10.0.0.1', '10.0.0.0/33')").contains("'10.0.0.0/33' is no network"));
}

TEST_F(SqlFunctions, Net) {
  EXPECT_EQ(value("net('192.0.2.77', 24)"), "\"192.0.2.0/24\"");
  EXPECT_EQ(value("net('192.0.2.77', 32)"), "\"192.0.2.77/32\"");
  EXPECT_EQ(value("net('192.0.2.77', 0)"), "\"0.0.0.0/0\"");
  EXPECT_EQ(value("net('2001:db8:1:2:3::4', 24)"), "\"2001:db8:1:2::/64\"") << "without a third number 64";
  EXPECT_EQ(value("net('2001:db8:1:2:3::4', 24, 48)"), "\"2001:db8:1::/48\"");
  EXPECT_EQ(value("net('2001:db8::1', 24, 128)"), "\"2001:db8::1/128\"");
  EXPECT_EQ(value("net('192.0.2.77', 16, 48)"), "\"192.0.0.0/16\"");
}

TEST_F(SqlFunctions, NetOfNullOrOfATextThatIsNoAddressIsNull) {
  for (const char* call : {"net(NULL, 24)", "net('192.0.2.1', NULL)", "net('192.0.2.1', 24, NULL)", "net('router', 24)",
                           "net('', 24, 64)", "net('192.0.2.0/24', 24)"})
    EXPECT_EQ(value(call), "null") << call;
}

TEST_F(SqlFunctions, NetRefusesPrefixLengthsThatDoNotFit) {
  for (const char* call :
       {"net('192.0.2.1', 33)", "net('192.0.2.1', -1)", "net('2001:db8::1', 24, 129)", "net('2001:db8::1', 24, -1)"})
    EXPECT_TRUE(refused(call).contains("a prefix length is from 0 to 32 for IPv4, to 128 for IPv6")) << call;
}

TEST_F(SqlFunctions, Service) {
  EXPECT_EQ(value("service(443)"), "\"https\"");
  EXPECT_EQ(value("service(22, 6)"), "\"ssh\"");
  EXPECT_EQ(value("service(53, 17)"), "\"domain\"");
  for (const char* call : {"service(1, 1)",     // ICMP has no ports
                           "service(443, 47)",  // nor has GRE
                           "service(0)", "service(65535)", "service(65536 + 443)", "service(-1)", "service(NULL)",
                           "service(443, NULL)", "service(NULL, 6)"})
    EXPECT_EQ(value(call), "null") << call;
}

TEST_F(SqlFunctions, TcpFlagsText) {  // RFC 9293 §3.1
  EXPECT_EQ(value("tcp_flags_text(2)"), "\"S\"");
  EXPECT_EQ(value("tcp_flags_text(18)"), "\"SA\"");
  EXPECT_EQ(value("tcp_flags_text(255)"), "\"FSRPAUEC\"");
  EXPECT_EQ(value("tcp_flags_text(256)"), "\"\"") << "bits without a letter";
  EXPECT_EQ(value("tcp_flags_text(0)"), "\"\"");
  EXPECT_EQ(value("tcp_flags_text(NULL)"), "null");
}

TEST_F(SqlFunctions, TimeSlot) {
  const std::string time = "2026-11-21 09:39:17.123456";
  EXPECT_EQ(slot(engine_, time, "1s"), "2026-11-21 09:39:17");
  EXPECT_EQ(slot(engine_, time, "15m"), "2026-11-21 09:30:00");
  EXPECT_EQ(slot(engine_, time, "6h"), "2026-11-21 06:00:00");
  EXPECT_EQ(slot(engine_, time, "1d"), "2026-11-21 00:00:00");
  EXPECT_EQ(slot(engine_, time, "week"), "2026-11-16 00:00:00") << "a Monday";
  EXPECT_EQ(slot(engine_, time, "month"), "2026-11-01 00:00:00");
  EXPECT_EQ(slot(engine_, time, "year"), "2026-01-01 00:00:00");
  EXPECT_EQ(slot(engine_, "1969-12-31 23:59:59.999999", "1d"), "1969-12-31 00:00:00");
  EXPECT_EQ(slot(engine_, "1970-01-01 00:00:00", "1h"), "1970-01-01 00:00:00");
}

TEST_F(SqlFunctions, TimeSlotOfAZone) {
  EXPECT_EQ(slot(berlin_, "2026-03-29 21:59:59.999", "1d"), "2026-03-28 23:00:00");
  EXPECT_EQ(slot(berlin_, "2026-03-29 22:00:00", "1d"), "2026-03-29 22:00:00");
  EXPECT_EQ(slot(berlin_, "2026-10-25 22:59:59", "1d"), "2026-10-24 22:00:00");
  EXPECT_EQ(slot(berlin_, "2026-10-25 01:30:00", "1h"), "2026-10-25 01:00:00");
  EXPECT_EQ(slot(berlin_, "2026-03-31 22:00:00", "month"), "2026-03-31 22:00:00");
  EXPECT_EQ(slot(berlin_, "2026-03-31 21:59:59", "month"), "2026-02-28 23:00:00");
  EXPECT_EQ(slot(berlin_, "2026-12-31 23:00:00", "year"), "2026-12-31 23:00:00");
}

TEST_F(SqlFunctions, TimeSlotTakesOtherTimes) {
  const std::string start = "\"2026-11-01T00:00:00.000Z\"";
  for (const char* time :
       {"DATE '2026-11-21'", "TIMESTAMP_S '2026-11-21 09:39:17'", "TIMESTAMP_MS '2026-11-21 09:39:17'",
        "TIMESTAMP_NS '2026-11-21 09:39:17.123456789'", "'2026-11-21 09:39:17'"})
    EXPECT_EQ(value("time_slot(" + std::string(time) + ", 'month')"), start) << time;
}

TEST_F(SqlFunctions, TimeSlotOfManyRows) {
  EXPECT_EQ(rows("SELECT time_slot(t, l)::VARCHAR FROM (VALUES (1, TIMESTAMP '2026-11-21 09:39:00', '1d'), "
                 "(2, NULL, '1d'), (3, TIMESTAMP '2026-11-21 09:39:00', NULL), (4, TIMESTAMP '2026-11-22 09:39:00', "
                 "'1h'), (5, 'infinity', '1h'), (6, TIMESTAMP '2026-11-22 09:39:00', '1d')) AS v(i, t, l) ORDER BY i"),
            (std::vector<std::string>{"\"2026-11-21 00:00:00\"", "null", "null", "\"2026-11-22 09:00:00\"",
                                      "\"infinity\"", "\"2026-11-22 00:00:00\""}));
  EXPECT_EQ(value("count(DISTINCT time_slot(TIMESTAMP '2026-01-01' + to_minutes(i), '1d')) FROM range(525600) t(i)"),
            "365");
}

TEST_F(SqlFunctions, TimeSlotOfEndlessAndFarTimes) {
  for (SqlEngine* engine : {&engine_, &berlin_})
    for (const char* length : {"1s", "1h", "6h", "1d", "week", "month", "year", "100000d"}) {
      EXPECT_EQ(slot(*engine, "infinity", length), "infinity") << length;
      EXPECT_EQ(slot(*engine, "-infinity", length), "-infinity") << length;
    }
  EXPECT_EQ(slot(engine_, "294247-01-10 04:00:54.775806", "1d"), "294247-01-10 00:00:00");
  EXPECT_EQ(slot(engine_, "294247-01-10 04:00:54.775806", "year"), "294247-01-01 00:00:00");
  EXPECT_EQ(slot(engine_, "290309-12-22 (BC) 00:00:00", "1d"), "290309-12-22 (BC) 00:00:00");
  for (const char* length : {"month", "year", "100000d"}) {
    std::string message = refused("time_slot(TIMESTAMP '290309-12-22 (BC) 00:00:00', '" + std::string(length) + "')");
    EXPECT_TRUE(message.contains("begins before the first time")) << message;
  }
}

TEST_F(SqlFunctions, TimeSlotSaysWhatToWriteForAWrongLength) {
  for (const char* length :
       {"", "0s", "off", "-1h", "500ms", "1 day", "fortnight", "106752d", "99999999999999999999d"}) {
    std::string message = refused("time_slot(TIMESTAMP '2026-11-21', '" + std::string(length) + "')");
    EXPECT_TRUE(message.contains("time_slot: '" + std::string(length) +
                                 "' is no length of time; write 5m, 6h, 1d, week, month or year"))
        << message;
  }
  EXPECT_EQ(value("time_slot(NULL::TIMESTAMP, 'fortnight')"), "null");
}

TEST_F(SqlFunctions, TakeTheTypesOfTheColumns) {
  EXPECT_EQ(value("tcp_flags_text(18::USMALLINT)"), "\"SA\"");
  EXPECT_EQ(value("service(443::USMALLINT, 6::UTINYINT)"), "\"https\"");
  EXPECT_EQ(value("net('192.0.2.1'::VARCHAR, 24::UTINYINT)"), "\"192.0.2.0/24\"");
}

TEST_F(SqlFunctions, RefuseOtherArguments) {
  refused("in_net('10.0.0.1')");
  refused("net('10.0.0.1')");
  refused("service()");
  refused("tcp_flags_text('S', 'A')");
  refused("time_slot(TIMESTAMP '2026-11-21')");
  refused("time_slot(1795253940, '1d')");
}

}  // namespace
}  // namespace weir
