// SPDX-License-Identifier: Apache-2.0
// What is written is read back with our own reader here; test/test_store.py reads segments with DuckDB, pyarrow and
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

#include "store/column_chunk.h"
#include "store/segment_reader.h"

namespace weir {
namespace {

class SegmentTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "segment-" + std::to_string(::getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  // Writes the batch and gives the file its name.
  SegmentFigures write(const FlowBatch& batch, const std::string& name) {
    SegmentWriter writer(path(name));
    EXPECT_EQ(writer.add(batch, batch.runs()), 0);
    return finish(writer);
  }
  static SegmentFigures finish(SegmentWriter& writer) {
    SegmentFigures figures;
    EXPECT_EQ(writer.finish(figures), 0);
    std::filesystem::rename(writer.path() + ".tmp", writer.path());
    return figures;
  }
  std::string folder_;
};

// One row as text by column: what a reader sees.
using Row = std::map<std::string, std::string>;

std::string value_text(const ColumnBuffer& buffer, uint32_t raw) {
  if (buffer.column->type != StoreType::text && buffer.column->type != StoreType::list_text) return std::to_string(raw);
  if (buffer.is_strings()) return std::string(buffer.strings.text(raw));
  char text[kLongestText];
  return {text, write_text(text, info_of(*buffer.column).spelling, buffer.dictionary.keys()[raw])};
}

void add_column(const ColumnBuffer& buffer, std::vector<Row>& rows) {
  size_t row = 0, value = 0, element = 0;
  for (const PresenceRun& run : buffer.presence) {
    for (uint32_t i = 0; i < run.rows; ++i, ++row) {
      if (!run.present) continue;
      std::string& text = rows[row][std::string(buffer.column->name)];
      if (buffer.is_list()) {
        for (uint32_t k = 0; k < buffer.list_sizes[value]; ++k)
          text += value_text(buffer, buffer.words[element++]) + " ";
      } else {
        text = buffer.is_wide() ? std::to_string(static_cast<int64_t>(buffer.longs[value]))
                                : value_text(buffer, buffer.with_width([&]<class T>(T) {
                                    return static_cast<uint32_t>(buffer.numbers<T>()[value]);
                                  }));
      }
      ++value;
    }
  }
}

std::vector<Row> read_all(const std::string& path) {
  SegmentReader reader;
  EXPECT_TRUE(reader.open(path)) << reader.problem();
  std::vector<Row> all;
  for (size_t group = 0; group < reader.row_groups(); ++group) {
    std::vector<ColumnBuffer> columns;
    for (const StoreColumn& column : store_columns()) columns.emplace_back(column);
    EXPECT_TRUE(reader.read(group, columns, 0)) << reader.problem();
    std::vector<Row> rows(reader.rows(group));
    for (const ColumnBuffer& column : columns) add_column(column, rows);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

Run& begin_run(FlowBatch& batch, uint32_t rows, std::initializer_list<Field> fields) {
  Run& run = batch.append_run(rows);
  run.type = FlowType::ipfix;
  run.exporter = *IpAddress::parse("192.0.2.9");
  run.domain = 7;
  run.sequence = 100;
  run.received_ns = 1'700'000'000'123'456'789;
  run.sampling_rate = 64;
  for (Field field : fields) run.mask.set(field);
  return run;
}

TEST_F(SegmentTest, EveryKindOfValueComesBack) {
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

TEST_F(SegmentTest, WhatTheExporterDidNotSayIsNull) {
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

TEST_F(SegmentTest, TimesComeBackToTheNanosecond) {
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

// The writer counts values that are the same for all rows, until one is not: in the middle of a call, between calls,
// and in a row group of its own again.
TEST_F(SegmentTest, HeadersAreTheirRowsOwnWhereverTheyChange) {
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

// More rows than a row group takes; and a column that only a later row group has.
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

// What a row group says of itself is of its own rows, even where the next one begins within a call.
TEST_F(SegmentTest, MinimaAndMaximaAreOfTheRowGroupsOwnRows) {
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

// A run whose rows have names, but every third.
void begin_named_run(FlowBatch& batch, uint32_t rows, uint32_t kinds) {
  weir::Run& run = begin_run(batch, rows, {Field::in_if_name, Field::application_name});
  for (uint32_t i = 0; i < rows; ++i) {
    std::string name = "ge-0/0/" + std::to_string(i % kinds);
    batch.column<TextRef>(Field::in_if_name)[run.first_row + i] = i % 3 == 2 ? TextRef{} : batch.texts().add(name);
    batch.column<TextRef>(Field::application_name)[run.first_row + i] = {};
  }
}

TEST_F(SegmentTest, TextsComeBackAndAreMerged) {
  FlowBatch batch;
  begin_run(batch, 2, {});
  begin_named_run(batch, 7, 5);
  begin_run(batch, 1, {});
  SegmentFigures a = write(batch, "a");
  auto rows = read_all(path("a"));
  ASSERT_EQ(rows.size(), 10u);
  for (uint32_t row = 0; row < 10; ++row) {
    bool named = row >= 2 && row < 9 && (row - 2) % 3 != 2;
    EXPECT_EQ(rows[row].contains("in_if_name"), named) << row;
    if (named) {
      EXPECT_EQ(rows[row]["in_if_name"], "ge-0/0/" + std::to_string((row - 2) % 5));
    }
    EXPECT_FALSE(rows[row].contains("application_name"));
  }

  batch.clear();
  begin_named_run(batch, 5, 1);
  SegmentFigures b = write(batch, "b");
  batch.clear();
  begin_run(batch, 3, {});
  SegmentFigures c = write(batch, "c");
  SegmentWriter writer(path("m"));
  std::string error;
  for (auto [name, figures] : {std::pair("c", c), {"a", a}, {"b", b}})
    ASSERT_EQ(writer.add_segment(path(name), figures, error), 0) << error;
  EXPECT_EQ(finish(writer).rows, 18u);
  std::vector<Row> expected;
  for (const char* name : {"c", "a", "b"})
    for (const Row& row : read_all(path(name))) expected.push_back(row);
  EXPECT_EQ(read_all(path("m")), expected);
}

using enum ElementType;
std::vector<ExtraField> added_fields() {
  return {{"host", 9, 1, string},         {"number", 9, 2, unsigned_number}, {"difference", 9, 3, signed_number},
          {"ratio", 9, 4, float_number},  {"allowed", 9, 5, boolean},        {"client", 9, 6, ip_address},
          {"station", 9, 7, mac_address}, {"seen", 9, 8, datetime}};
}
// As a store has them after `added`, read by a process that is configured with `configured`.
std::unique_ptr<StoreColumns> columns_of(const std::vector<ExtraField>& added, const FieldTable& configured) {
  std::vector<ExtraColumn> extras;
  for (const ExtraField& field : added) extras.push_back({static_cast<int32_t>(kFirstExtraId + extras.size()), field});
  return std::make_unique<StoreColumns>(extras, configured);
}

std::vector<Row> read_all(const std::string& path, std::span<const StoreColumn> columns) {
  SegmentReader reader(columns);
  EXPECT_TRUE(reader.open(path)) << reader.problem();
  std::vector<Row> all;
  for (size_t group = 0; group < reader.row_groups(); ++group) {
    std::vector<ColumnBuffer> buffers(columns.begin(), columns.end());
    EXPECT_TRUE(reader.read(group, buffers, 0)) << reader.problem();
    std::vector<Row> rows(reader.rows(group));
    for (const ColumnBuffer& buffer : buffers) add_column(buffer, rows);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

void add_rows_of_added_fields(FlowBatch& batch, const FieldTable& table) {
  weir::Run& run = begin_run(batch, 2, {});
  for (const ExtraField& field : table.extras()) run.mask.set(table.find(field.name)->field);
  auto set = [&](const char* name, auto first, auto second) {
    if (const FieldInfo* field = table.find(name)) {
      batch.column<decltype(first)>(field->field)[run.first_row] = first;
      batch.column<decltype(first)>(field->field)[run.first_row + 1] = second;
    }
  };
  set("host", batch.texts().add("a"), TextRef{});
  set("number", uint64_t{7}, uint64_t{0});
  set("difference", int64_t{-7}, int64_t{0});
  set("ratio", 0.1, -0.1);
  set("allowed", uint8_t{1}, uint8_t{0});
  set("client", *IpAddress::parse("192.0.2.9"), *IpAddress::parse("2001:db8::9"));
  set("station", uint64_t{0x001b21aabbcc}, uint64_t{0});
  set("seen", int64_t{1'700'000'000'000'000'001}, int64_t{-1});
}

// What the added fields of a row are; the rest is left out.
Row added_of(const Row& row) {
  Row added;
  for (const ExtraField& field : added_fields())
    if (row.contains(field.name)) added[field.name] = row.at(field.name);
  return added;
}

TEST_F(SegmentTest, AddedFieldsComeBack) {
  FieldTable table(added_fields());
  auto columns = columns_of(added_fields(), table);
  FlowBatch batch;
  begin_run(batch, 1, {});
  add_rows_of_added_fields(batch, table);
  SegmentWriter writer(path("a"), columns->all());
  ASSERT_EQ(writer.add(batch, batch.runs()), 0);
  finish(writer);
  auto rows = read_all(path("a"), columns->all());
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(added_of(rows[0]), Row());
  // Doubles as their bits: 0x3fb999999999999a, with the sign 0xbfb999999999999a.
  EXPECT_EQ(added_of(rows[1]), (Row{{"host", "a"},
                                    {"number", "7"},
                                    {"difference", "-7"},
                                    {"ratio", "4591870180066957722"},
                                    {"allowed", "1"},
                                    {"client", "192.0.2.9"},
                                    {"station", "00:1b:21:aa:bb:cc"},
                                    {"seen", "1700000000000000001"}}));
  EXPECT_EQ(added_of(rows[2]), (Row{{"number", "0"},
                                    {"difference", "0"},
                                    {"ratio", "-4631501856787818086"},
                                    {"allowed", "0"},
                                    {"client", "2001:db8::9"},
                                    {"station", "00:00:00:00:00:00"},
                                    {"seen", "-1"}}));
}

// Segments of three configurations: all fields; one of them in another slot; none. The merging process has none.
TEST_F(SegmentTest, SegmentsWithDifferentAddedFieldsAreMerged) {
  const std::vector<ExtraField> all = added_fields();
  FieldTable first(all), second({all[2], all[0]}), none({});
  std::map<std::string, SegmentFigures> figures;
  std::vector<Row> expected;
  auto merging = columns_of(all, none);
  for (auto [name, table] : {std::pair("a", &first), {"b", &second}, {"c", &none}}) {
    auto columns = columns_of(all, *table);
    FlowBatch batch;
    add_rows_of_added_fields(batch, *table);
    SegmentWriter writer(path(name), columns->all());
    ASSERT_EQ(writer.add(batch, batch.runs()), 0);
    figures[name] = finish(writer);
    for (const Row& row : read_all(path(name), merging->all())) expected.push_back(row);
  }
  EXPECT_EQ(added_of(expected[2]), (Row{{"host", "a"}, {"difference", "-7"}}));
  EXPECT_EQ(added_of(expected[4]), Row());
  SegmentWriter writer(path("m"), merging->all());
  std::string error;
  for (const char* name : {"a", "b", "c"}) ASSERT_EQ(writer.add_segment(path(name), figures[name], error), 0) << error;
  finish(writer);
  EXPECT_EQ(read_all(path("m"), merging->all()), expected);
  // A reader that was not told of them refuses the segment rather than leave their values out.
  SegmentReader other;
  EXPECT_FALSE(other.open(path("m")));
}

// Large row groups are copied without being read, those of added fields too.
TEST_F(SegmentTest, LargeRowGroupsWithAddedFieldsAreCopied) {
  FieldTable table(added_fields()), none({});
  auto columns = columns_of(added_fields(), table), merging = columns_of(added_fields(), none);
  SegmentWriter writer(path("a"), columns->all());
  FlowBatch batch;
  weir::Run& run = begin_run(batch, FlowBatch::capacity(), {});
  Field number = table.find("number")->field, ratio = table.find("ratio")->field;
  run.mask.set(number), run.mask.set(ratio);
  for (uint32_t row = 0; row < run.rows; ++row) {
    batch.column<uint64_t>(number)[row] = uint64_t{row} << 40;
    batch.column<double>(ratio)[row] = row / 3.0;
  }
  for (uint32_t i = 0; i < kRowGroupRows / FlowBatch::capacity(); ++i) ASSERT_EQ(writer.add(batch, batch.runs()), 0);
  SegmentFigures figures = finish(writer);
  SegmentWriter merged(path("m"), merging->all());
  std::string error;
  ASSERT_EQ(merged.add_segment(path("a"), figures, error), 0) << error;
  finish(merged);
  EXPECT_EQ(read_all(path("m"), merging->all()), read_all(path("a"), columns->all()));
}

TEST_F(SegmentTest, LongTextsEndARowGroup) {
  SegmentWriter writer(path("a"));
  FlowBatch batch;
  uint32_t number = 0;
  for (int i = 0; i < 80; ++i) {
    batch.clear();
    weir::Run& run = begin_run(batch, 1'000, {Field::application_name});
    for (uint32_t row = 0; row < run.rows; ++row)
      batch.column<TextRef>(Field::application_name)[row] =
          batch.texts().add(std::to_string(number++) + std::string(1'000, 'x'));
    ASSERT_EQ(batch.texts().take_cut(), 0u);
    ASSERT_EQ(writer.add(batch, batch.runs()), 0);
  }
  SegmentFigures figures = finish(writer);
  SegmentReader reader;
  ASSERT_TRUE(reader.open(path("a"))) << reader.problem();
  EXPECT_EQ(reader.row_groups(), 3u);  // 80,000 texts of about 1,005 octets; 32 MiB each
  auto rows = read_all(path("a"));
  ASSERT_EQ(rows.size(), 80'000u);
  for (uint32_t row = 0; row < rows.size(); row += 777)
    EXPECT_EQ(rows[row]["application_name"], std::to_string(row) + std::string(1'000, 'x'));
  SegmentWriter merged(path("m"));
  std::string error;
  ASSERT_EQ(merged.add_segment(path("a"), figures, error), 0) << error;
  EXPECT_EQ(finish(merged).rows, 80'000u);
  EXPECT_EQ(read_all(path("m")), rows);
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

// No checksum covers the footer. A column that is taken for another would put its values beside the rows of the other
// segments that are merged with this one, or make all of them unreadable.
TEST_F(SegmentTest, AColumnTakenForAnotherIsNoticed) {
  FlowBatch batch;
  fill(batch, 1);
  SegmentFigures figures = write(batch, "a");
  std::ifstream in(path("a"), std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(in)), {});
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

// Whole chunks are copied unread: what the headers of their pages say is checked all the more.
TEST_F(SegmentTest, DamageOfAPageHeaderIsNotCopied) {
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
      bad[byte] = static_cast<char>(bad[byte] ^ 0x10);  // PLAIN becomes RLE_DICTIONARY, and the reverse
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
    for (size_t group = 0; group < reader.row_groups(); ++group) EXPECT_LE(reader.most_values(group), 2u << 20);
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
