// SPDX-License-Identifier: Apache-2.0
// Here segments are read back with our own reader; test/test_store.py reads segments with DuckDB, pyarrow and
// ClickHouse's engine.
#include "store/segment_writer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>

#include "parquet/footer.h"
#include "store/testing/segment_fixture.h"

namespace weir {
namespace {

TEST_F(SegmentTest, EveryKindOfValueIsReadBack) {
  FlowBatch batch;
  begin_run(batch, 2,
            {Field::src_addr, Field::src_net, Field::src_mac, Field::proto, Field::src_port, Field::in_if, Field::bytes,
             Field::mpls_label, Field::mpls_ip, Field::layer_stack});
  for (uint32_t row : {0u, 1u}) {
    batch.column<IpAddress>(Field::src_addr)[row] = *IpAddress::parse(row ? "2001:db8::1" : "192.0.2.77");
    batch.column<uint8_t>(Field::src_net)[row] = row ? 32 : 24;
    batch.column<uint64_t>(Field::src_mac)[row] = 0x001b21aabbcc + row;
    batch.column<uint8_t>(Field::proto)[row] = static_cast<uint8_t>(6 + row * 11);
    batch.column<uint16_t>(Field::src_port)[row] = static_cast<uint16_t>(443 + row);
    batch.column<uint32_t>(Field::in_if)[row] = 0xffffffff - row;
    batch.column<uint64_t>(Field::bytes)[row] = 0x7fff'ffff'ffff'ffff - row;
    batch.column<ListRef>(Field::mpls_label)[row] = row ? ListRef{0, 3} : ListRef{0, 0};
    batch.column<ListRef>(Field::mpls_ip)[row] = {0, 1};
    batch.column<ListRef>(Field::layer_stack)[row] = {0, 2};
  }
  batch.list_numbers() = {0, 1, 3};
  batch.list_addresses() = {*IpAddress::parse("198.51.100.1")};
  write(batch, "a");
  auto rows = read_all(path("a"));
  ASSERT_EQ(rows.size(), 2u);
  Row header = {{"type", "IPFIX"},
                {"time_received", "1700000000123"},
                {"sequence_num", "100"},
                {"sampling_rate", "64"},
                {"sampler_address", "192.0.2.9"},
                {"observation_domain_id", "7"},
                {"mpls_ip", "198.51.100.1 "},
                {"layer_stack", "Ethernet IPv4 "}};
  Row first = {
      {"src_addr", "192.0.2.77"}, {"src_net", "192.0.2.0/24"}, {"src_mac", "00:1b:21:aa:bb:cc"}, {"proto", "6"},
      {"src_port", "443"},        {"in_if", "4294967295"},     {"bytes", "9223372036854775807"}, {"mpls_label", ""}};
  Row second = {{"src_addr", "2001:db8::1"},
                {"src_net", "2001:db8::/32"},
                {"src_mac", "00:1b:21:aa:bb:cd"},
                {"proto", "17"},
                {"src_port", "444"},
                {"in_if", "4294967294"},
                {"bytes", "9223372036854775806"},
                {"mpls_label", "0 1 3 "}};
  first.insert(header.begin(), header.end());
  second.insert(header.begin(), header.end());
  EXPECT_EQ(rows[0], first);
  EXPECT_EQ(rows[1], second);
}

TEST_F(SegmentTest, FieldsTheExporterDidNotSendAreNull) {
  FlowBatch batch;
  begin_run(batch, 1, {Field::bytes});
  begin_run(batch, 1, {Field::packets});
  begin_run(batch, 1, {Field::bytes});
  for (uint32_t row : {0u, 1u, 2u}) {
    batch.column<uint64_t>(Field::bytes)[row] = row + 1;
    batch.column<uint64_t>(Field::packets)[row] = row + 10;
  }
  write(batch, "a");
  auto rows = read_all(path("a"));
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0]["bytes"], "1");
  EXPECT_FALSE(rows[0].contains("packets"));
  EXPECT_FALSE(rows[1].contains("bytes"));
  EXPECT_EQ(rows[1]["packets"], "11");
  EXPECT_EQ(rows[2]["bytes"], "3");
  EXPECT_FALSE(rows[2].contains("src_addr"));
}

struct Times {
  int64_t start_ns, end_ns;
};

TEST_F(SegmentTest, TimesAreReadBackToTheNanosecond) {
  const Times cases[] = {{1'700'000'000'000'000'000, 1'700'000'001'000'000'000},  // whole milliseconds
                         {1'700'000'000'123'456'789, 1'700'000'000'123'456'788},  // ends before it starts
                         {-1, 1},
                         {1'700'000'000'999'999'999, 1'700'000'001'000'000'000},
                         {INT64_MIN + 2'000'000, INT64_MAX}};
  FlowBatch batch;
  begin_run(batch, 5, {Field::time_flow_start_ns, Field::time_flow_end_ns});
  for (uint32_t i = 0; i < 5; ++i) {
    batch.column<int64_t>(Field::time_flow_start_ns)[i] = cases[i].start_ns;
    batch.column<int64_t>(Field::time_flow_end_ns)[i] = cases[i].end_ns;
  }
  SegmentFigures figures = write(batch, "a");
  EXPECT_EQ(figures.start.min_ns, INT64_MIN + 2'000'000);
  EXPECT_EQ(figures.end.max_ns, INT64_MAX);
  auto rows = read_all(path("a"));
  ASSERT_EQ(rows.size(), 5u);
  for (uint32_t i = 0; i < 5; ++i) {
    auto number = [&](const char* name) { return rows[i].contains(name) ? std::stoll(rows[i][name]) : 0; };
    int64_t start = number("time_start") * 1'000'000 + number("time_start_sub_ns");
    EXPECT_EQ(start, cases[i].start_ns);
    __int128 end = __int128{start} + __int128{number("duration_ms")} * 1'000'000 + number("duration_sub_ns");
    EXPECT_TRUE(end == cases[i].end_ns) << i;
    EXPECT_GE(number("time_start_sub_ns"), 0);
    EXPECT_GE(number("duration_sub_ns"), 0);
  }
}

TEST_F(SegmentTest, AnUnknownSamplingRateIsNull) {
  FlowBatch batch;
  begin_run(batch, 2, {Field::bytes}).sampling_rate = 0;
  begin_run(batch, 1, {Field::bytes});
  begin_run(batch, 1, {Field::bytes}).sampling_rate = 0;
  for (uint32_t row = 0; row < 4; ++row) batch.column<uint64_t>(Field::bytes)[row] = row;
  write(batch, "a");
  auto rows = read_all(path("a"));
  for (uint32_t row : {0u, 1u, 3u}) EXPECT_FALSE(rows[row].contains("sampling_rate")) << row;
  EXPECT_EQ(rows[2]["sampling_rate"], "64");
}

// The writer counts values that are the same for all rows until one differs: in the middle of a call, between calls,
// and again in each new row group.
TEST_F(SegmentTest, HeaderValuesMayChangeAtAnyRow) {
  struct Header {
    const char* exporter;
    uint32_t domain;
    uint64_t rate;
  };
  const Header a{"192.0.2.9", 7, 64}, b{"2001:db8::9", 7, 64}, c{"192.0.2.9", 0, 0}, d{"192.0.2.9", 7, 1'000};
  const std::vector<std::vector<Header>> calls = {{a, a}, {a}, {c}, {a, b, a}, {d, d}, {a}};
  SegmentWriter writer(path("a"));
  FlowBatch batch;
  std::vector<Header> expected;
  for (const auto& headers : calls) {
    batch.clear();
    for (const Header& header : headers) {
      auto& run = begin_run(batch, 2, {});
      run.exporter = *IpAddress::parse(header.exporter);
      run.domain = header.domain;
      run.sampling_rate = header.rate;
      expected.insert(expected.end(), 2, header);
    }
    ASSERT_EQ(writer.add(batch, batch.runs()), 0);
  }
  finish(writer);
  auto rows = read_all(path("a"));
  ASSERT_EQ(rows.size(), expected.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i]["sampler_address"], expected[i].exporter) << i;
    EXPECT_EQ(rows[i]["observation_domain_id"], std::to_string(expected[i].domain)) << i;
    EXPECT_EQ(rows[i].contains("sampling_rate"), expected[i].rate != 0) << i;
    if (expected[i].rate) {
      EXPECT_EQ(rows[i]["sampling_rate"], std::to_string(expected[i].rate)) << i;
    }
  }
}

TEST_F(SegmentTest, AnEndWithoutAStartHasItsOwnColumn) {
  FlowBatch batch;
  begin_run(batch, 1, {Field::time_flow_end_ns});
  batch.column<int64_t>(Field::time_flow_end_ns)[0] = 1'700'000'000'123'000'001;
  write(batch, "a");
  auto rows = read_all(path("a"));
  EXPECT_EQ(rows[0]["time_end"], "1700000000123");
  EXPECT_EQ(rows[0]["time_end_sub_ns"], "1");
  EXPECT_FALSE(rows[0].contains("duration_ms"));
}

void fill(FlowBatch& batch, uint32_t seed) {
  begin_run(batch, FlowBatch::capacity(), {Field::src_addr, Field::bytes, Field::dst_port});
  for (uint32_t i = 0; i < FlowBatch::capacity(); ++i) {
    uint32_t n = seed * FlowBatch::capacity() + i;
    batch.column<IpAddress>(Field::src_addr)[i] = IpAddress::v4(n * 2'654'435'761u % 5'000);
    batch.column<uint64_t>(Field::bytes)[i] = uint64_t{n} * n;
    batch.column<uint16_t>(Field::dst_port)[i] = static_cast<uint16_t>(n * 7);
  }
}

// More rows than fit into a row group; and a column that only a later row group has.
TEST_F(SegmentTest, ManyRowGroups) {
  SegmentWriter writer(path("a"));
  FlowBatch batch;
  constexpr uint32_t kBatches = 300;
  for (uint32_t b = 0; b < kBatches; ++b) {
    batch.clear();
    fill(batch, b);
    ASSERT_EQ(writer.add(batch, batch.runs()), 0);
  }
  batch.clear();
  begin_run(batch, 1, {Field::src_mac});
  batch.column<uint64_t>(Field::src_mac)[0] = 1;
  ASSERT_EQ(writer.add(batch, batch.runs()), 0);
  SegmentFigures figures = finish(writer);
  EXPECT_EQ(figures.rows, kBatches * FlowBatch::capacity() + 1);
  EXPECT_EQ(figures.bytes, std::filesystem::file_size(path("a")));
  auto rows = read_all(path("a"));
  ASSERT_EQ(rows.size(), figures.rows);
  for (uint32_t n : {0u, kRowGroupRows - 1, kRowGroupRows, 2 * kRowGroupRows, 614'399u}) {
    EXPECT_EQ(rows[n]["bytes"], std::to_string(uint64_t{n} * n));
    EXPECT_EQ(rows[n]["src_addr"], IpAddress::v4(n * 2'654'435'761u % 5'000).to_string());
    EXPECT_EQ(rows[n]["dst_port"], std::to_string(n * 7 % 65'536));
    EXPECT_FALSE(rows[n].contains("src_mac"));
  }
  EXPECT_EQ(rows.back()["src_mac"], "00:00:00:00:00:01");
}

// A row group's statistics cover its own rows only, even if the next one begins within a call.
TEST_F(SegmentTest, MinimaAndMaximaCoverOnlyTheRowGroupsOwnRows) {
  SegmentWriter writer(path("a"));
  FlowBatch batch;
  constexpr uint32_t kLast = 100;  // rows of the last batch that still belong to the first row group
  static_assert(kRowGroupRows % FlowBatch::capacity() == 0);
  begin_run(batch, FlowBatch::capacity(), {});
  for (uint32_t i = 0; i + 1 < kRowGroupRows / FlowBatch::capacity(); ++i)
    ASSERT_EQ(writer.add(batch, batch.runs()), 0);
  batch.clear();
  begin_run(batch, FlowBatch::capacity() - kLast, {});
  ASSERT_EQ(writer.add(batch, batch.runs()), 0);
  batch.clear();
  begin_run(batch, kLast, {});
  auto& next = begin_run(batch, kLast, {});
  next.exporter = *IpAddress::parse("192.0.2.10");
  next.domain = 8;
  ASSERT_EQ(writer.add(batch, batch.runs()), 0);
  finish(writer);

  SegmentReader reader;
  ASSERT_TRUE(reader.open(path("a"))) << reader.problem();
  ASSERT_EQ(reader.row_groups(), 2u);
  EXPECT_EQ(reader.rows(0), kRowGroupRows);
  for (size_t group : {0u, 1u}) {
    std::map<std::string_view, ChunkFigures> figures;
    for (size_t i = 0; i < reader.chunks(group); ++i) {
      WholeChunk chunk;
      ASSERT_TRUE(reader.read_whole(group, i, chunk)) << reader.problem();
      figures[store_columns()[chunk.column].name] = chunk.figures;
    }
    std::string exporter = group == 0 ? "192.0.2.9" : "192.0.2.10";
    std::string domain(group == 0 ? "\7\0\0\0" : "\10\0\0\0", 4);
    EXPECT_EQ(figures["sampler_address"].min, exporter);
    EXPECT_EQ(figures["sampler_address"].max, exporter);
    EXPECT_EQ(figures["observation_domain_id"].min, domain);
    EXPECT_EQ(figures["observation_domain_id"].max, domain);
  }
}

TEST_F(SegmentTest, MergingKeepsEveryRow) {
  FlowBatch batch;
  fill(batch, 1);
  SegmentFigures a = write(batch, "a");
  batch.clear();
  begin_run(batch, 2, {Field::src_addr, Field::mpls_label, Field::time_flow_start_ns});
  batch.list_numbers() = {16, 17};
  for (uint32_t row : {0u, 1u}) {
    batch.column<IpAddress>(Field::src_addr)[row] = *IpAddress::parse("2001:db8::5");
    batch.column<ListRef>(Field::mpls_label)[row] = {0, 2 * row};
    batch.column<int64_t>(Field::time_flow_start_ns)[row] = 5'000'000 * (row + 1);
  }
  SegmentFigures b = write(batch, "b");
  SegmentWriter writer(path("m"));
  std::string error;
  ASSERT_EQ(writer.add_segment(path("a"), a, error), 0) << error;
  ASSERT_EQ(writer.add_segment(path("b"), b, error), 0) << error;
  SegmentFigures merged = finish(writer);
  EXPECT_EQ(merged.rows, a.rows + b.rows);
  EXPECT_EQ(merged.start.min_ns, 5'000'000);
  EXPECT_EQ(merged.start.max_ns, 10'000'000);
  auto expected = read_all(path("a"));
  for (const Row& row : read_all(path("b"))) expected.push_back(row);
  EXPECT_EQ(read_all(path("m")), expected);
}

TEST_F(SegmentTest, DamageIsNoticed) {
  FlowBatch batch;
  fill(batch, 1);
  SegmentFigures figures = write(batch, "a");
  std::ifstream in(path("a"), std::ios::binary);
  std::string good((std::istreambuf_iterator<char>(in)), {});
  auto merge = [&](const std::string& bytes) {
    std::ofstream(path("bad"), std::ios::binary) << bytes;
    SegmentWriter writer(path("m"));
    std::string error;
    int result = writer.add_segment(path("bad"), figures, error);
    EXPECT_EQ(result != 0, !error.empty());
    return result;
  };
  EXPECT_EQ(merge(good), 0);
  EXPECT_EQ(merge(""), EBADMSG);
  EXPECT_EQ(merge(good.substr(0, good.size() / 2)), EBADMSG);
  for (size_t at = 100; at < good.size() - 1'500; at += 997) {  // within pages
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    EXPECT_EQ(merge(bad), EBADMSG) << at;
  }
}

// Older segments have no checksum of the footer. A column mistaken for another would put its values beside the rows of
// the other segments that are merged with this one, or make all of them unreadable.
TEST_F(SegmentTest, AColumnMistakenForAnotherIsNoticed) {
  FlowBatch batch;
  fill(batch, 1);
  SegmentFigures figures = write(batch, "a");
  std::ifstream in(path("a"), std::ios::binary);
  std::string good((std::istreambuf_iterator<char>(in)), {});
  good.replace(good.find(kFooterChecksumKey), kFooterChecksumKey.size(), "weir.nothing_here");
  auto merge = [&](const std::string& bytes) {
    std::ofstream(path("bad"), std::ios::binary) << bytes;
    SegmentWriter writer(path("m"));
    std::string error;
    return writer.add_segment(path("bad"), figures, error);
  };
  // SchemaElement of dst_port: name (4), converted type (6), field id (9), 22 as zigzag. 21 is src_port's.
  size_t at = good.find("dst_port");
  ASSERT_NE(at, std::string::npos);
  at += std::string("dst_port").size();
  ASSERT_EQ(good.substr(at, 4), (std::string{0x25, 12 << 1, 0x35, 22 << 1}));
  std::string bad = good;
  for (int id : {21, 6, 9, 2}) {  // absent here, text, 64 bits, 64 bits
    bad[at + 3] = static_cast<char>(id << 1);
    EXPECT_EQ(merge(bad), EBADMSG) << id;
  }
  EXPECT_EQ(merge(good + "x"), EBADMSG);
  EXPECT_EQ(merge("PAR1" + good.substr(4)), 0);
}

// Whole chunks are copied without being decoded, so what the headers of their pages say must be checked.
TEST_F(SegmentTest, DamagedPageHeadersAreNotCopied) {
  SegmentWriter writer(path("a"));
  FlowBatch batch;
  for (uint32_t b = 0; b < 64; ++b) {  // half a row group: large enough to be copied
    batch.clear();
    fill(batch, b);
    ASSERT_EQ(writer.add(batch, batch.runs()), 0);
  }
  SegmentFigures figures = finish(writer);
  std::ifstream in(path("a"), std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(in)), {});
  // DataPageHeader (5): 131,072 values (1), encoding (2), levels as RLE (3 and 4).
  const std::string start{0x2c, 0x15, '\x80', '\x80', 0x10, 0x15}, end{0x15, 6, 0x15, 6, 0, 0};
  size_t pages = 0;
  for (size_t at = good.find(start); at != std::string::npos; at = good.find(start, at + 1)) {
    ++pages;
    size_t encoding = at + start.size();
    ASSERT_EQ(good.substr(encoding + 1, end.size()), end);
    for (size_t byte : {encoding, encoding + 2, encoding + 4}) {
      std::string bad = good;
      bad[byte] = static_cast<char>(bad[byte] ^ 0x10);  // PLAIN becomes RLE_DICTIONARY, and vice versa
      std::ofstream(path("bad"), std::ios::binary) << bad;
      SegmentWriter merged(path("m"));
      std::string error;
      EXPECT_EQ(merged.add_segment(path("bad"), figures, error), EBADMSG) << byte;
    }
  }
  EXPECT_GE(pages, 3u);
}

// Exporters choose the length of their lists: 256 elements in each row would be 67 million in a row group.
TEST_F(SegmentTest, LongListsEndARowGroup) {
  auto write_lists = [&](const std::string& name, uint32_t batches) {
    SegmentWriter writer(path(name));
    FlowBatch batch;
    begin_run(batch, FlowBatch::capacity(), {Field::mpls_label});
    batch.list_numbers().assign(limits::kListValues, 16);
    std::fill_n(batch.column<ListRef>(Field::mpls_label), FlowBatch::capacity(), ListRef{0, limits::kListValues});
    for (uint32_t b = 0; b < batches; ++b) EXPECT_EQ(writer.add(batch, batch.runs()), 0);
    return finish(writer);
  };
  auto expect_bounded = [&](const std::string& name, size_t groups) {
    SegmentReader reader;
    ASSERT_TRUE(reader.open(path(name))) << reader.problem();
    EXPECT_EQ(reader.row_groups(), groups);
    for (size_t group = 0; group < reader.row_groups(); ++group) EXPECT_LE(reader.max_values(group), 2u << 20);
  };
  SegmentFigures a = write_lists("a", 9), b = write_lists("b", 3);  // 524,288 elements a batch
  expect_bounded("a", 3);
  SegmentWriter writer(path("m"));
  std::string error;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(writer.add_segment(path("b"), b, error), 0) << error;
  ASSERT_EQ(writer.add_segment(path("a"), a, error), 0) << error;
  EXPECT_EQ(finish(writer).rows, (9 + 3 * 3) * FlowBatch::capacity());
  expect_bounded("m", 6);  // 3, 3, 3, then 4 and 4 with 1 left over
}

TEST_F(SegmentTest, AFullDiskIsAnErrnoAndLeavesNothing) {
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit small{1'000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  int error;
  {
    FlowBatch batch;
    fill(batch, 1);
    SegmentWriter writer(path("a"));
    ASSERT_EQ(writer.add(batch, batch.runs()), 0);
    SegmentFigures figures;
    error = writer.finish(figures);
  }
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(error, EFBIG);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

}  // namespace
}  // namespace weir
