// SPDX-License-Identifier: Apache-2.0
#include "query/result_writer.h"

#include <fstream>

#include "base/error.h"
#include "query/result_table.h"
#include "query/testing/store_fixture.h"
#include "query/top.h"

namespace weir {
namespace {

class ResultTest : public StoreFixture {
 protected:
  ResultTest() { Segments::open(data_); }
  std::string text(const std::string& sql, ResultFormat format) {
    FlowQuery opened = query();
    return answer(opened, sql, format);
  }
};

TEST_F(ResultTest, Csv) {
  EXPECT_EQ(text("SELECT 'a,\"b\"' AS \"x,y\", '' AS empty, NULL AS nothing, 'two\nlines' AS lines, [1, 2] AS list",
                 ResultFormat::csv),
            "\"x,y\",empty,nothing,lines,list\n\"a,\"\"b\"\"\",\"\",,\"two\nlines\",\"[1,2]\"\n");
}

TEST_F(ResultTest, JsonHasALinePerRowAndUniqueKeys) {
  EXPECT_EQ(text("SELECT 1 AS a, 2 AS a, {'k': [1, NULL]} AS s, INTERVAL 1 DAY AS i FROM range(2)", ResultFormat::json),
            "{\"a\":1,\"a_1\":2,\"s\":{\"k\":[1,null]},\"i\":\"1 day\"}\n"
            "{\"a\":1,\"a_1\":2,\"s\":{\"k\":[1,null]},\"i\":\"1 day\"}\n");
}

TEST_F(ResultTest, PlainTableIsAlignedAndCannotControlATerminal) {
  EXPECT_EQ(text("SELECT * FROM (VALUES ('é', 5, 'x' || chr(27) || '[2J'), (NULL, 1234, 'y')) t(name, n, note)",
                 ResultFormat::plain),
            "name     n  note\n"
            "é        5  x?[2J\n"
            "-     1234  y\n");
}

// U+009B, which 8-bit terminals interpret as ESC [, and U+202E, after which all text is shown from right to left.
constexpr const char* kSteering = "SELECT 'a' || chr(155) || '2J' || chr(8238) || chr(127) || chr(10) || 'é' AS x";

TEST_F(ResultTest, NoFormatForPeopleControlsATerminal) {
  EXPECT_EQ(text(kSteering, ResultFormat::plain), "x\na?2J???é\n");
  EXPECT_EQ(text(kSteering, ResultFormat::csv_terminal), "x\na?2J???é\n");
  EXPECT_EQ(text(kSteering, ResultFormat::csv), "x\n\"a\xc2\x9b\x32J\xe2\x80\xae\x7f\né\"\n");
  EXPECT_EQ(text(kSteering, ResultFormat::json), "{\"x\":\"a\\u009b2J\\u202e\\u007f\\né\"}\n");
}

TEST_F(ResultTest, APlanDoesNotControlATerminal) {
  std::string plan =
      text("EXPLAIN FROM range(5) t(x) WHERE x::VARCHAR > 'a\xc2\x9b\x32J\xe2\x80\xae'", ResultFormat::plain);
  EXPECT_TRUE(plan.contains("a?2J?")) << plan;
  EXPECT_FALSE(plan.contains("\xc2\x9b") || plan.contains("\xe2\x80\xae")) << plan;
  EXPECT_GT(std::ranges::count(plan, '\n'), 3);
}

TEST_F(ResultTest, TerminalTable) {
  EXPECT_EQ(text("SELECT 12 AS n, 'a' AS long_name", ResultFormat::terminal),
            "┌────┬───────────┐\n"
            "│  \x1b[1mn\x1b[0m │ \x1b[1mlong_name\x1b[0m │\n"
            "├────┼───────────┤\n"
            "│ 12 │ a         │\n"
            "└────┴───────────┘\n"
            "1 row\n");
}

TEST_F(ResultTest, ATableOfManyRowsIsComplete) {
  std::string table = text("SELECT range AS n FROM range(100000)", ResultFormat::plain);
  EXPECT_EQ(std::ranges::count(table, '\n'), 100'001);
  EXPECT_TRUE(table.ends_with("99999\n"));
}

TEST_F(ResultTest, AFileIsRenamedWhenItIsComplete) {
  std::string path = data_ + "/result";
  {
    ResultOutput output(path);
    output.write(std::string(10 << 20, 'x'));
    EXPECT_FALSE(os::exists(path));
    ASSERT_TRUE(output.can_restart());
    output.restart();
    output.write("once");
    output.finish();
  }
  EXPECT_EQ(os::first_bytes(path, 100), "once");
  {
    ResultOutput output(path);
    output.write("not finished");
  }
  EXPECT_EQ(os::first_bytes(path, 100), "once");
  EXPECT_FALSE(os::exists(path + ".partial"));
  EXPECT_THROW(ResultOutput(data_ + "/none/result"), Error);
}

TEST_F(ResultTest, ALinkToAFileRemainsALink) {
  std::string path = data_ + "/result", link = data_ + "/link";
  std::filesystem::create_symlink(path, link);
  std::ofstream(path) << "old";
  {
    ResultOutput output(link);
    output.write("new");
    output.finish();
  }
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(os::first_bytes(path, 100), "new");
}

class TopTest : public ResultTest {
 protected:
  TopTest() {
    add_segment(
        "SELECT * FROM (VALUES ('a', 1, 100), ('a', 2, 200), ('b', 50, 250), ('c', NULL, NULL)) "
        "t(src_addr, p, b)",
        "SELECT src_addr, p::UBIGINT AS packets, b::UBIGINT AS bytes FROM ");
  }
  void add_segment(const std::string& values, const std::string& select) {
    StoreFixture::add_segment(select + "(" + values + ")");
  }
};

TEST_F(TopTest, RanksByTheMeasureWithItsShareOfAll) {
  EXPECT_EQ(text(top_sql({.keys = {"src_addr"}}, false), ResultFormat::csv),
            "src_addr,flows,packets,bytes,percent\na,2,3,300,54.55\nb,1,50,250,45.45\nc,1,,,\n");
  EXPECT_EQ(text(top_sql({.keys = {"src_addr"}, .measure = "packets", .count = 1}, true), ResultFormat::csv),
            "src_addr,flows,packets,bytes,percent,total_flows,total_packets,total_bytes\nb,1,50,250,94.34,4,53,550\n");
  EXPECT_EQ(
      text(top_sql({.keys = {"proto_name", "src_addr"}, .measure = "flows", .count = 1}, false), ResultFormat::csv),
      "proto_name,src_addr,flows,packets,bytes,percent\n,a,2,3,300,50\n");
}

TEST_F(TopTest, GroupsAddressesByTheirNetworks) {
  StoreFixture::add_segment(
      "SELECT unnest(['192.0.2.1', '192.0.2.200', '2001:db8::1', '2001:db8::2', '2001:db8:0:1::1']) AS dst_addr, "
      "1::UBIGINT AS bytes");
  auto networks = [&](const std::string& key) {
    return text("SELECT * FROM (" + top_sql({.keys = {key}}, false) + ") WHERE bytes < 100", ResultFormat::csv);
  };
  EXPECT_EQ(networks("dst_addr/24"),
            "dst_addr/24,flows,packets,bytes,percent\n192.0.2.0/24,2,,2,0.36\n2001:db8::/64,2,,2,0.36\n"
            "2001:db8:0:1::/64,1,,1,0.18\n");
  EXPECT_EQ(networks("dst_addr/25/32"),
            "dst_addr/25/32,flows,packets,bytes,percent\n2001:db8::/32,3,,3,0.54\n192.0.2.0/25,1,,1,0.18\n"
            "192.0.2.128/25,1,,1,0.18\n");
  for (const char* wrong :
       {"dst_addr/33", "dst_addr/", "dst_addr/24/129", "dst_addr/8/8/8", "dst_addr/x", "dst_port/8"})
    EXPECT_THROW(check_top({.keys = {wrong}}, StoreColumns()), Error) << wrong;
  EXPECT_NO_THROW(check_top({.keys = {"dst_addr/0", "src_addr/32/128"}}, StoreColumns()));
}

class TopSeriesTest : public ResultTest {
 protected:
  // Two minutes: a sends 60 and 120 bytes in the first, 0 in the second; b 30 in the second, sampled 1 in 10; c 1.
  TopSeriesTest() {
    add_segment(
        "SELECT * FROM (VALUES ('a', 0, 60, NULL), ('a', 59, 120, 1), ('b', 60, 30, 10), ('c', 119, 1, 0)) "
        "t(src_addr, second, b, rate)",
        "SELECT src_addr, (TIMESTAMP '2026-11-21 12:00:00' + to_seconds(second))::TIMESTAMP_MS AS time_received, "
        "b::UBIGINT AS bytes, 1::UBIGINT AS packets, rate::UBIGINT AS sampling_rate FROM ");
  }
  void add_segment(const std::string& values, const std::string& select) {
    StoreFixture::add_segment(select + "(" + values + ")");
  }
};

TEST_F(TopSeriesTest, ARowForEachInterval) {
  EXPECT_EQ(text(top_sql({.keys = {"src_addr"}, .count = 2, .every_ns = 60'000'000'000}, false), ResultFormat::csv),
            "time,src_addr,flows,packets,bytes,percent\n2026-11-21T12:00:00.000Z,a,2,2,180,100\n"
            "2026-11-21T12:01:00.000Z,b,1,1,30,96.77\n");
}

TEST_F(TopSeriesTest, RatesReferToTheSpanOrTheInterval) {
  TopRequest request{.keys = {"src_addr"}, .count = 1, .rate = true};
  EXPECT_EQ(text(top_sql(request, false), ResultFormat::csv),  // 119 s from the first flow to the last
            "src_addr,flows,packets,bytes,pps,bps,percent\na,2,2,180,0,12.1,85.31\n");
  request.span_ns = 10'000'000'000;
  EXPECT_EQ(text(top_sql(request, true), ResultFormat::csv),
            "src_addr,flows,packets,bytes,pps,bps,percent,total_flows,total_packets,total_bytes,total_pps,total_bps\n"
            "a,2,2,180,0.2,144,85.31,4,4,211,0.4,168.8\n");
  request.every_ns = 60'000'000'000;
  EXPECT_EQ(text(top_sql(request, false), ResultFormat::csv),
            "time,src_addr,flows,packets,bytes,pps,bps,percent\n2026-11-21T12:00:00.000Z,a,2,2,180,0,24,100\n");
}

TEST_F(TopSeriesTest, ScaledByTheSamplingRateIfItIsKnown) {
  EXPECT_EQ(text(top_sql({.keys = {"src_addr"}, .scale = true}, false), ResultFormat::csv),
            "src_addr,flows,packets,bytes,percent\nb,1,10,300,62.37\na,2,2,180,37.42\nc,1,1,1,0.21\n");
}

TEST(Top, SuggestsTheColumnThatWasMeant) {
  try {
    check_top({.keys = {"src_adr"}}, StoreColumns());
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_TRUE(std::string(error.what()).contains("did you mean src_addr?")) << error.what();
  }
  EXPECT_THROW(check_top({.keys = {"proto", "proto"}}, StoreColumns()), Error);
  EXPECT_THROW(check_top({.keys = {}}, StoreColumns()), Error);
  EXPECT_NO_THROW(check_top({.keys = {"proto_name", "time_end"}}, StoreColumns()));
}

TEST(Top, HumanNumbersHaveThreeDigits) {
  EXPECT_EQ(human_number("0", "B"), "0 B");
  EXPECT_EQ(human_number("999", ""), "999");
  EXPECT_EQ(human_number("1000", ""), "1.00 k");
  EXPECT_EQ(human_number("12345", "B"), "12.3 kB");
  EXPECT_EQ(human_number("999499", "B"), "999 kB");
  EXPECT_EQ(human_number("999999", "B"), "1.00 MB");
  EXPECT_EQ(human_number("123456789012", "B"), "123 GB");
  EXPECT_EQ(human_number("12345678901234567890123", "B"), "12.3 ZB");
  EXPECT_EQ(human_number("-", "B"), "-");
}

}  // namespace
}  // namespace weir
