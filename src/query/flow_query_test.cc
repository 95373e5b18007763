// SPDX-License-Identifier: Apache-2.0
#include "query/flow_query.h"

#include <fstream>

#include "base/error.h"
#include "query/flows_view.h"
#include "query/testing/store_fixture.h"
#include "query/top.h"

namespace weir {
namespace {

constexpr int64_t kMs = 1'000'000;
// 2026-11-21 12:00:00 UTC
constexpr int64_t kNoon = 1'795'262'400'000 * kMs;

using FlowQueryTest = StoreFixture;

std::string received(int second) {
  return "(TIMESTAMP '2026-11-21 12:00:00' + INTERVAL " + std::to_string(second) + " SECOND)::TIMESTAMP_MS";
}
std::string rows(int count, int second, int bytes) {
  return "SELECT " + received(second) + " AS time_received, " + std::to_string(bytes) +
         "::UBIGINT AS bytes, '192.0.2.' || (range % 8) AS src_addr, range::UINTEGER AS src_as FROM range(" +
         std::to_string(count) + ")";
}
SegmentFigures received_between(int first, int last) {
  return {
      .rows = 1, .received = {kNoon + first * 1000 * kMs, kNoon + last * 1000 * kMs}, .start = {1, 0}, .end = {1, 0}};
}

TEST_F(FlowQueryTest, AnEmptyStoreHasNoRowsAndAllColumns) {
  Segments::open(data_);
  FlowQuery empty = query();
  EXPECT_EQ(answer(empty, "SELECT count(*) AS n, sum(bytes) AS b FROM flows"), "n,b\n0,\n");
  EXPECT_EQ(answer(empty, "SELECT time_end, proto_name FROM flows WHERE time_start > TIMESTAMP '2026-01-01'"),
            "time_end,proto_name\n");
}

TEST_F(FlowQueryTest, AMissingFileOfTheStatementIsAUsageError) {
  std::string segment = add_segment(rows(5, 0, 7));
  FlowQuery opened({.data = data_, .engine = {.external_access = true}});
  try {
    answer(opened, "SELECT * FROM read_csv('/nowhere/sites.csv')");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_TRUE(std::string(error.what()).contains("/nowhere/sites.csv")) << error.what();
  }
  EXPECT_TRUE(opened.problems().empty());
}

TEST_F(FlowQueryTest, TheViewHasTheDocumentedColumns) {
  add_segment("SELECT 1::UBIGINT AS bytes");
  std::string expected = "column_name,column_type\n";
  for (const FlowsColumn& column : flows_columns(StoreColumns())) expected += column.name + "," + column.type + "\n";
  FlowQuery opened = query();
  EXPECT_EQ(answer(opened, "SELECT column_name, column_type FROM (DESCRIBE flows)"), expected);
  EXPECT_TRUE(
      expected.starts_with("column_name,column_type\ntype,VARCHAR\ntime_received_ns,BIGINT\n"
                           "sequence_num,UINTEGER\nsampling_rate,UBIGINT\nsampler_address,VARCHAR\n"
                           "time_flow_start_ns,BIGINT\ntime_flow_end_ns,BIGINT\nbytes,UBIGINT\n"));
  EXPECT_TRUE(expected.ends_with(
      "time_received,TIMESTAMP\ntime_start,TIMESTAMP\ntime_end,TIMESTAMP\n"
      "duration,DOUBLE\nproto_name,VARCHAR\netype_name,VARCHAR\nscaled_bytes,DOUBLE\nscaled_packets,DOUBLE\n"));
}

TEST_F(FlowQueryTest, TextsAreText) {
  add_segment("SELECT 7::UBIGINT AS bytes, 'ge-0/0/1' AS in_if_name");
  add_segment("SELECT 8::UBIGINT AS bytes");
  FlowQuery opened = query();
  EXPECT_EQ(answer(opened, "SELECT in_if_name, sum(bytes) AS bytes FROM flows GROUP BY ALL ORDER BY 2"),
            "in_if_name,bytes\nge-0/0/1,7\n,8\n");
}

TEST_F(FlowQueryTest, AddedFieldsAreColumnsOfTheView) {
  using enum ElementType;
  FieldTable table({{"host", 9, 1, string}, {"allowed", 9, 2, boolean}, {"ratio", 9, 3, float_number}});
  {
    Segments segments = Segments::open(data_, table);
    int error = 0;
    Segment segment{.path = segments.new_path(490'000, error), .hour = 490'000, .figures = {}};
    SegmentWriter writer(segments.file(segment.path), segments.columns());
    FlowBatch batch;
    weir::Run& run = batch.append_run(2);
    run.mask.set(Field::bytes);
    for (size_t i = 0; i < 3; ++i) run.mask.set(extra_field(i));
    for (uint32_t row : {0u, 1u}) {
      batch.column<uint64_t>(Field::bytes)[row] = row;
      batch.column<TextRef>(extra_field(0))[row] = row ? batch.texts().add("b") : TextRef{};
      batch.column<uint8_t>(extra_field(1))[row] = static_cast<uint8_t>(row);
      batch.column<double>(extra_field(2))[row] = 0.25 * row;
    }
    ASSERT_EQ(writer.add(batch, batch.runs()), 0);
    ASSERT_EQ(writer.finish(segment.figures), 0);
    std::string why;
    ASSERT_EQ(segments.change({segment}, {}, {}, why), Change::done) << why;
  }
  add_segment("SELECT 5::UBIGINT AS bytes");  // from before the fields were added
  FlowQuery opened = query();
  EXPECT_EQ(answer(opened, "SELECT bytes, host, allowed, ratio FROM flows ORDER BY bytes"),
            "bytes,host,allowed,ratio\n0,,false,0\n1,b,true,0.25\n5,,,\n");
  std::string expected = "column_name,column_type\n";
  for (const FlowsColumn& column : flows_columns(opened.columns())) expected += column.name + "," + column.type + "\n";
  EXPECT_EQ(answer(opened, "SELECT column_name, column_type FROM (DESCRIBE flows)"), expected);
  EXPECT_TRUE(expected.ends_with("scaled_packets,DOUBLE\nhost,VARCHAR\nallowed,BOOLEAN\nratio,DOUBLE\n"));
  EXPECT_EQ(answer(opened, "SELECT min(ratio), max(ratio) FROM flows"), "min(ratio),max(ratio)\n0,0.25\n");
  EXPECT_NO_THROW(check_top({.keys = {"host"}}, opened.columns()));
}

// A later version of Weir may itself have a field with that name.
TEST_F(FlowQueryTest, AnAddedFieldIsRenamedIfWeirHasOneOfThatName) {
  {
    Segments::open(data_, FieldTable({{"application_name", 9, 1, ElementType::string}}));
  }
  add_segment("SELECT 5::UBIGINT AS bytes, 'dns' AS application_name");
  FlowQuery opened = query();
  EXPECT_EQ(answer(opened, "SELECT application_name, field_application_name FROM flows"),
            "application_name,field_application_name\ndns,\n");
}

TEST_F(FlowQueryTest, SegmentsWithDifferentColumnsAreOneTable) {
  add_segment("SELECT 7::UBIGINT AS bytes, 6::UTINYINT AS proto, [1, 2]::UINTEGER[] AS as_path");
  add_segment("SELECT 'x' AS src_addr, 5::UBIGINT AS bytes, 1234::USMALLINT AS dst_port, 4::UBIGINT AS reverse_bytes");
  FlowQuery opened = query();
  EXPECT_EQ(answer(opened,
                   "SELECT bytes, proto, proto_name, src_addr, dst_port, as_path, reverse_bytes, "
                   "time_flow_start_ns, packets FROM flows ORDER BY bytes",
                   ResultFormat::json),
            R"({"bytes":5,"proto":null,"proto_name":null,"src_addr":"x","dst_port":1234,"as_path":null,)"
            R"("reverse_bytes":4,"time_flow_start_ns":null,"packets":null})"
            "\n"
            R"({"bytes":7,"proto":6,"proto_name":"TCP","src_addr":null,"dst_port":null,"as_path":[1,2],)"
            R"("reverse_bytes":null,"time_flow_start_ns":null,"packets":null})"
            "\n");
}

// 2^63 of 1 in 1000, 2^64 - 1, one whose rate is 0 (not sampled), one without a rate. Scaled, together 2^63 * 1002
// within the precision of a DOUBLE.
constexpr const char* kLargeCounters =
    "SELECT 'a' AS src_addr, b::UBIGINT AS bytes, b::UBIGINT AS packets, r::UBIGINT AS sampling_rate FROM "
    "(VALUES (9223372036854775808, 1000), (18446744073709551615, 1), (5, 0), (7, NULL)) t(b, r)";

TEST_F(FlowQueryTest, ScaledCountersDoNotOverflow) {
  add_segment(kLargeCounters);
  FlowQuery opened = query();
  EXPECT_EQ(answer(opened,
                   "SELECT sum(scaled_bytes) = 1002 * pow(2::DOUBLE, 63) AS b, sum(scaled_packets) = sum(scaled_bytes) "
                   "AS p FROM flows"),
            "b,p\ntrue,true\n");
  EXPECT_EQ(answer(opened, "SELECT bytes, scaled_bytes, scaled_packets FROM flows WHERE bytes < 100 ORDER BY bytes"),
            "bytes,scaled_bytes,scaled_packets\n5,5,5\n7,7,7\n");
}

TEST_F(FlowQueryTest, TheLargestCounterTimesTheLargestRateIsANumber) {
  add_segment(
      "SELECT 18446744073709551615::UBIGINT AS bytes, 18446744073709551615::UBIGINT AS sampling_rate FROM range(9)");
  FlowQuery opened = query();  // 9 * 2^128
  EXPECT_EQ(answer(opened, "SELECT sum(scaled_bytes) = 9 * pow(2::DOUBLE, 128) AS same FROM flows"), "same\ntrue\n");
}

// 2^63 + (2^64 - 1) + 5 + 7
TEST_F(FlowQueryTest, SumsOfLargeCountersAreExact) {
  add_segment(kLargeCounters);
  FlowQuery opened = query();
  const char* sql = "SELECT sum(bytes) AS n FROM flows";
  EXPECT_EQ(answer(opened, sql), "n\n27670116110564327435\n");
  EXPECT_EQ(answer(opened, sql, ResultFormat::json), "{\"n\":27670116110564327435}\n");
  EXPECT_TRUE(answer(opened, sql, ResultFormat::plain).contains("27670116110564327435"));
  EXPECT_EQ(answer(opened, top_sql({.keys = {"src_addr"}}, true)),
            "src_addr,flows,packets,bytes,percent,total_flows,total_packets,total_bytes\n"
            "a,4,27670116110564327435,27670116110564327435,100,4,27670116110564327435,27670116110564327435\n");
  std::string file = data_ + "/sum.parquet";
  opened.write_parquet(sql, file);
  SqlEngine engine({.external_access = true});
  SqlStatement statement = engine.prepare("FROM " + sql_literal(file));
  SqlResult result = statement.run();
  ASSERT_TRUE(result.next());
  std::string value;
  result.columns()[0].append(value, 0, SqlStyle::csv);
  EXPECT_EQ(value, "27670116110564327435");
}

TEST_F(FlowQueryTest, DurationIsInSecondsAndEthertypesHaveNames) {
  add_segment(
      "SELECT TIMESTAMP_MS '2026-11-21 12:00:00' AS time_start, 1500::BIGINT AS duration_ms, 250000::INTEGER AS "
      "duration_sub_ns, 2048::USMALLINT AS etype");
  add_segment("SELECT 34525::USMALLINT AS etype, 3::UBIGINT AS bytes");
  add_segment("SELECT 34915::USMALLINT AS etype");  // PPPoE discovery
  FlowQuery opened = query();
  EXPECT_EQ(answer(opened, "SELECT duration, etype_name FROM flows ORDER BY etype"),
            "duration,etype_name\n1.50025,IPv4\n,IPv6\n,0x8863\n");
}

TEST_F(FlowQueryTest, AFilterSelectsRowsOfTheView) {
  add_segment("SELECT '10.0.0.' || range AS src_addr, range::UBIGINT AS bytes FROM range(10)");
  FlowQuery opened({.data = data_, .where = "src net 10.0.0.4/31 or bytes > 8"});
  EXPECT_EQ(answer(opened, "SELECT bytes FROM flows ORDER BY bytes"), "bytes\n4\n5\n9\n");
  EXPECT_THROW(FlowQuery({.data = data_, .where = "src nett 10.0.0.4/31"}), Error);
}

TEST_F(FlowQueryTest, EveryProtocolNumberHasAName) {
  add_segment("SELECT 6::UTINYINT AS proto UNION ALL SELECT 255::UTINYINT");
  FlowQuery opened = query();
  EXPECT_EQ(answer(opened, "SELECT proto, proto_name IS NOT NULL AS named FROM flows ORDER BY proto"),
            "proto,named\n6,true\n255,true\n");
}

// TCP, UDP, ICMP; IPv4 and IPv6.
constexpr const char* kNamedFlows =
    "SELECT p::UTINYINT AS proto, e::USMALLINT AS etype, b::UBIGINT AS bytes FROM (VALUES (6, 2048, 1), (17, 34525, "
    "2), "
    "(6, 34525, 4), (1, 2048, 8), (NULL, NULL, 16)) t(p, e, b)";

TEST_F(FlowQueryTest, NamesOfProtocolsAreFoundInAnyCase) {
  add_segment(kNamedFlows);
  FlowQuery opened = query();
  const std::pair<const char*, const char*> kSums[] = {{"proto_name = 'tcp'", "5"},
                                                       {"proto_name = 'TCP'", "5"},
                                                       {"PROTO_NAME='Tcp'", "5"},
                                                       {"proto_name <> 'tcp'", "10"},
                                                       {"proto_name IN ('tcp', 'Udp')", "7"},
                                                       {"proto_name NOT IN ('tcp', 'Udp')", "8"},
                                                       {"flows.etype_name = 'ipv4'", "9"},
                                                       {"etype_name IN ('IPV6')", "6"}};
  for (const auto& [condition, sum] : kSums)
    EXPECT_EQ(answer(opened, std::string("SELECT sum(bytes) AS b FROM flows WHERE ") + condition),
              std::string("b\n") + sum + "\n")
        << condition;
}

TEST_F(FlowQueryTest, NamesOfProtocolsAreWrittenAsTheyAre) {
  add_segment(kNamedFlows);
  FlowQuery opened = query();
  EXPECT_EQ(answer(opened, "SELECT proto_name, sum(bytes) AS b FROM flows GROUP BY 1 ORDER BY 1 NULLS LAST"),
            "proto_name,b\nICMP,8\nTCP,5\nUDP,2\n,16\n");
  EXPECT_EQ(answer(opened, "SELECT DISTINCT etype_name FROM flows ORDER BY etype_name DESC NULLS LAST"),
            "etype_name\nIPv6\nIPv4\n\n");
  EXPECT_EQ(answer(opened, "SELECT max(proto_name) AS a, min(etype_name) AS b FROM flows"), "a,b\nUDP,IPv4\n");
  EXPECT_EQ(answer(opened, top_sql({.keys = {"proto_name"}, .count = 2}, false)),
            "proto_name,flows,packets,bytes,percent\n,1,,16,51.61\nICMP,1,,8,25.81\n");
  EXPECT_EQ(answer(opened, top_sql({.keys = {"etype_name"}}, false)),
            "etype_name,flows,packets,bytes,percent\n,1,,16,51.61\nIPv4,2,,9,29.03\nIPv6,2,,6,19.35\n");
}

TEST_F(FlowQueryTest, PatternsOfNames) {
  add_segment(kNamedFlows);
  FlowQuery opened = query();
  auto count = [&](const std::string& condition) {
    return answer(opened, "SELECT count(*) AS n FROM flows WHERE " + condition);
  };
  EXPECT_EQ(count("proto_name LIKE 'TC%'"), "n\n2\n");
  EXPECT_EQ(count("proto_name LIKE 'tc%'"), "n\n0\n") << "as always in SQL";
  EXPECT_EQ(count("proto_name ILIKE 'tc%'"), "n\n2\n");
  EXPECT_EQ(count("regexp_matches(proto_name, '^[A-Z]+$')"), "n\n4\n");
}

// The times farthest apart that the writer stores (segment_writer.cc): INT64_MIN + 2 ms and INT64_MAX, as milliseconds
// and the part below a millisecond.
TEST_F(FlowQueryTest, TheFarthestTimesAreRead) {
  add_segment(
      "SELECT make_timestamp(-9223372036853 * 1000)::TIMESTAMP_MS AS time_start, 224192::INTEGER AS time_start_sub_ns, "
      "18446744073707::BIGINT AS duration_ms, 551615::INTEGER AS duration_sub_ns",
      {.rows = 1, .received = {1, 1}, .start = {1, 1}, .end = {INT64_MAX, INT64_MAX}});
  FlowQuery opened = query({.since_ns = 5, .column = TimeColumn::end});
  EXPECT_EQ(answer(opened, "SELECT time_flow_start_ns, time_flow_end_ns, time_end FROM flows"),
            "time_flow_start_ns,time_flow_end_ns,time_end\n"
            "-9223372036852775808,9223372036854775807,2262-04-11T23:47:16.854Z\n");
}

TEST_F(FlowQueryTest, TimesAreComputedFromTheirParts) {
  // Start 12:00:00.001000500, end 1,999,600 ns later: the parts below a millisecond carry over.
  add_segment("SELECT " + received(3) +
              " AS time_received, TIMESTAMP_MS '2026-11-21 12:00:00.001' AS time_start, "
              "500::INTEGER AS time_start_sub_ns, 1::BIGINT AS duration_ms, 999600::INTEGER AS duration_sub_ns");
  // A negative duration; then an end without a start.
  add_segment("SELECT " + received(4) +
              " AS time_received, TIMESTAMP_MS '2026-11-21 12:00:00.001' AS time_start, "
              "(-2)::BIGINT AS duration_ms");
  add_segment("SELECT " + received(5) +
              " AS time_received, TIMESTAMP_MS '2026-11-21 12:00:00.009' AS time_end, "
              "7::INTEGER AS time_end_sub_ns");
  FlowQuery opened = query();
  std::string base = std::to_string(kNoon / 1'000'000'000);
  EXPECT_EQ(answer(opened,
                   "SELECT time_received_ns, time_received, time_flow_start_ns, time_start, time_flow_end_ns, time_end "
                   "FROM flows ORDER BY time_received"),
            "time_received_ns,time_received,time_flow_start_ns,time_start,time_flow_end_ns,time_end\n"
            "1795262403000000000,2026-11-21T12:00:03.000Z,1795262400001000500,2026-11-21T12:00:00.001Z,"
            "1795262400003000100,2026-11-21T12:00:00.003Z\n"
            "1795262404000000000,2026-11-21T12:00:04.000Z,1795262400001000000,2026-11-21T12:00:00.001Z,"
            "1795262399999000000,2026-11-21T11:59:59.999Z\n"
            "1795262405000000000,2026-11-21T12:00:05.000Z,,,1795262400009000007,2026-11-21T12:00:00.009Z\n");
  EXPECT_EQ(base, "1795262400");
}

TEST_F(FlowQueryTest, ARangeIsExactAndSkipsSegments) {
  add_segment(rows(10, 0, 1), received_between(0, 0));
  add_segment("(" + rows(10, 10, 100) + ") UNION ALL (" + rows(10, 20, 10000) + ")", received_between(10, 20));
  auto sum = [&](int64_t since, int64_t until) {
    FlowQuery opened = query({.since_ns = since, .until_ns = until});
    return answer(opened, "SELECT sum(bytes) AS b FROM flows") + std::to_string(opened.segments_read());
  };
  auto at = [](int second) { return kNoon + second * 1000 * kMs; };
  TimeRange open;
  EXPECT_EQ(sum(open.since_ns, open.until_ns), "b\n101010\n2");
  EXPECT_EQ(sum(at(10), open.until_ns), "b\n101000\n1");
  EXPECT_EQ(sum(at(10), at(20)), "b\n1000\n1");
  EXPECT_EQ(sum(at(10) + kMs, at(20) + kMs), "b\n100000\n1");
  EXPECT_EQ(sum(open.since_ns, at(10)), "b\n10\n1");
  EXPECT_EQ(sum(at(21), open.until_ns), "b\n\n0");
}

TEST_F(FlowQueryTest, ARangeByFlowTime) {
  auto flow = [](int start, int duration, int bytes) {
    return "SELECT epoch_ms(" + std::to_string(kNoon / kMs + start) + ")::TIMESTAMP_MS AS time_start, " +
           std::to_string(duration) + "::BIGINT AS duration_ms, " + std::to_string(bytes) + "::UBIGINT AS bytes";
  };
  SegmentFigures figures{
      .received = {1, 0}, .start = {kNoon, kNoon + 500 * kMs}, .end = {kNoon + 5 * kMs, kNoon + 800 * kMs}};
  add_segment(flow(0, 5, 1) + " UNION ALL " + flow(500, 300, 10), figures);
  auto sum = [&](TimeColumn column, int64_t since, int64_t until) {
    FlowQuery opened = query({.since_ns = kNoon + since * kMs, .until_ns = kNoon + until * kMs, .column = column});
    return answer(opened, "SELECT sum(bytes) AS b FROM flows");
  };
  EXPECT_EQ(sum(TimeColumn::start, 0, 500), "b\n1\n");
  EXPECT_EQ(sum(TimeColumn::start, 1, 501), "b\n10\n");
  EXPECT_EQ(sum(TimeColumn::end, 5, 800), "b\n1\n");
  EXPECT_EQ(sum(TimeColumn::end, 6, 801), "b\n10\n");
  EXPECT_EQ(sum(TimeColumn::received, -1000, 10000), "b\n\n");
}

TEST_F(FlowQueryTest, FilesMayBeRemovedOnceTheyAreOpen) {
  std::string file = add_segment(rows(10, 0, 1));
  FlowQuery opened = query();
  std::filesystem::remove(file);
  EXPECT_EQ(answer(opened, "SELECT sum(bytes) AS b FROM flows"), "b\n10\n");
  EXPECT_TRUE(opened.problems().empty());
}

TEST_F(FlowQueryTest, AFileNotYetRenamedIsRead) {
  std::string file = add_segment(rows(10, 0, 1));
  std::filesystem::rename(file, file + ".tmp");
  FlowQuery opened = query();
  EXPECT_EQ(answer(opened, "SELECT sum(bytes) AS b FROM flows"), "b\n10\n");
  EXPECT_TRUE(opened.problems().empty());
}

TEST_F(FlowQueryTest, LostShortAndNonParquetFilesAreNamedAndTheRestIsRead) {
  std::string lost = add_segment(rows(10, 0, 1)), cut = add_segment(rows(10, 0, 10)),
              other = add_segment(rows(10, 0, 100));
  add_segment(rows(10, 0, 1000));
  std::filesystem::remove(lost);
  std::filesystem::resize_file(cut, std::filesystem::file_size(cut) - 1);
  std::fstream(other, std::ios::in | std::ios::out | std::ios::binary) << "text";
  FlowQuery opened = query();
  EXPECT_EQ(answer(opened, "SELECT sum(bytes) AS b FROM flows"), "b\n10000\n");
  EXPECT_EQ(opened.segments_read(), 1u);
  ASSERT_EQ(opened.problems().size(), 3u);
  for (const std::string& file : {lost, cut, other}) {
    auto names = [&](const std::string& problem) { return problem.contains(file + " "); };
    EXPECT_EQ(std::ranges::count_if(opened.problems(), names), 1) << file;
  }
}

TEST_F(FlowQueryTest, DamageInsideIsFoundWhenReadAndTheRestIsRead) {
  add_segment(rows(100'000, 0, 1));
  std::string damaged = add_segment(rows(100'000, 0, 10));
  std::fstream bytes(damaged, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(4);
  bytes << std::string(std::filesystem::file_size(damaged) / 2, 'x');
  bytes.close();
  FlowQuery opened = query();
  EXPECT_EQ(answer(opened, "SELECT sum(bytes) AS b, count(src_as + hash(src_addr)) AS n FROM flows"),
            "b,n\n100000,100000\n");
  ASSERT_EQ(opened.problems().size(), 1u);
  EXPECT_TRUE(opened.problems()[0].contains(damaged)) << opened.problems()[0];
  EXPECT_FALSE(opened.problems()[0].contains("/proc/self")) << opened.problems()[0];
}

TEST_F(FlowQueryTest, ErrorsOfTheStatementAreUsageErrors) {
  add_segment(rows(1, 0, 1));
  FlowQuery opened = query();
  for (const char* sql : {"SELECT byts FROM flows", "SELEC 1", "DROP VIEW flows", "SELECT 1; SELECT 2"}) {
    try {
      answer(opened, sql);
      ADD_FAILURE() << sql;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage) << error.what();
    }
  }
}

TEST_F(FlowQueryTest, WithoutAStoreTheErrorNamesTheDirectory) {
  for (const std::string& data : {data_ + "/none", data_}) {
    try {
      FlowQuery opened({.data = data});
      ADD_FAILURE() << data;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_TRUE(std::string(error.what()).contains(data)) << error.what();
    }
  }
}

TEST_F(FlowQueryTest, WritesTheResultAsParquet) {
  add_segment(rows(10, 0, 7));
  FlowQuery opened({.data = data_, .engine = {.external_access = true}});
  std::string file = data_ + "/result.parquet";
  opened.write_parquet("SELECT src_as, bytes, time_received FROM flows -- all of them\n;", file);
  EXPECT_EQ(answer(opened, "SELECT count(*) AS n, sum(bytes) AS b, max(src_as) AS m FROM " + sql_literal(file)),
            "n,b,m\n10,70,9\n");
}

// 2^53 + 1 is the first whole number that a DOUBLE cannot represent.
TEST_F(FlowQueryTest, SumsInParquetAreExact) {
  add_segment("SELECT 9007199254740992::UBIGINT AS bytes UNION ALL SELECT 1");
  FlowQuery opened({.data = data_, .engine = {.external_access = true}});
  std::string file = data_ + "/result.parquet";
  opened.write_parquet("SELECT sum(bytes) AS b, count(*) AS n FROM flows", file);
  EXPECT_EQ(answer(opened, "SELECT b, n FROM " + sql_literal(file)), "b,n\n9007199254740993,2\n");
}

// As for SQL from a network: it may read the segments, however many, and nothing else.
TEST_F(FlowQueryTest, WithoutExternalAccessOnlySegmentsAreRead) {
  add_segment(rows(10, 0, 7));
  std::string other = data_ + "/other.parquet";
  write_parquet("SELECT 1::UBIGINT AS bytes", other);
  for (int segments : {1, 2}) {
    FlowQuery opened = query();
    EXPECT_EQ(answer(opened, "SELECT sum(bytes) AS b FROM flows"), "b\n" + std::to_string(70 * segments) + "\n");
    for (const std::string& sql :
         {"SELECT * FROM read_parquet(" + sql_literal(other) + ")", "FROM " + sql_literal(data_ + "/catalog.db"),
          "SELECT content FROM read_blob(" + sql_literal(data_ + "/catalog.db") + ")",
          std::string("SELECT content FROM read_text('/proc/self/environ')")}) {
      EXPECT_THROW(answer(opened, sql), Error) << sql;
    }
    std::string file = data_ + "/result.parquet";
    opened.write_parquet("SELECT bytes FROM flows", file);
    EXPECT_GT(std::filesystem::file_size(file), 0u);
    std::filesystem::remove(file);
    EXPECT_TRUE(opened.problems().empty());
    add_segment(rows(10, 0, 7));
  }
}

TEST_F(FlowQueryTest, InterruptedBeforeItBegins) {
  add_segment(rows(10, 0, 7));
  FlowQuery opened = query();
  opened.interrupt();
  EXPECT_THROW(answer(opened, "SELECT 1"), QueryInterrupted);
}

TEST_F(FlowQueryTest, MessagesShowTheUsersStatement) {
  add_segment(rows(1, 0, 1));
  FlowQuery opened = query();
  for (const char* sql :
       {"SELECT CAST('x' || src_as AS INT) FROM flows", "SELECT {'a': CAST('x' || src_as AS INT)} FROM flows"})
    try {
      answer(opened, sql);
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_TRUE(std::string(error.what()).contains(std::string("LINE 1: ") + sql)) << error.what();
    }
}

TEST_F(FlowQueryTest, TextsOfDifferentCollationsCanBeSelected) {
  add_segment(rows(1, 0, 1));
  FlowQuery opened = query();
  EXPECT_EQ(answer(opened, "SELECT 'a' COLLATE NOCASE AS a, 'b' COLLATE NOACCENT AS b FROM flows"), "a,b\na,b\n");
}

}  // namespace
}  // namespace weir
