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

  SqlEngine engine_{{}};
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
}

}  // namespace
}  // namespace weir
