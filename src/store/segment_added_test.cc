// SPDX-License-Identifier: Apache-2.0
// Tests segments with texts, and with fields that configurations have added.
#include "store/testing/segment_fixture.h"

namespace weir {
namespace {

// A run in which all rows but every third have names.
void begin_named_run(FlowBatch& batch, uint32_t rows, uint32_t kinds) {
  weir::Run& run = begin_run(batch, rows, {Field::in_if_name, Field::application_name});
  for (uint32_t i = 0; i < rows; ++i) {
    std::string name = "ge-0/0/" + std::to_string(i % kinds);
    batch.column<TextRef>(Field::in_if_name)[run.first_row + i] = i % 3 == 2 ? TextRef{} : batch.texts().add(name);
    batch.column<TextRef>(Field::application_name)[run.first_row + i] = {};
  }
}

TEST_F(SegmentTest, TextsAreReadBackAndMerged) {
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
// The columns of a store with the fields `added`, as seen by a process that is configured with `configured`.
std::unique_ptr<StoreColumns> columns_of(const std::vector<ExtraField>& added, const FieldTable& configured) {
  std::vector<ExtraColumn> extras;
  for (const ExtraField& field : added) extras.push_back({static_cast<int32_t>(kFirstExtraId + extras.size()), field});
  return std::make_unique<StoreColumns>(extras, configured);
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

// The added fields of a row; the others are left out.
Row added_of(const Row& row) {
  Row added;
  for (const ExtraField& field : added_fields())
    if (row.contains(field.name)) added[field.name] = row.at(field.name);
  return added;
}

TEST_F(SegmentTest, AddedFieldsAreReadBack) {
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
  // Doubles appear as their bits: 0x3fb999999999999a, with the sign 0xbfb999999999999a.
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

// Segments of three configurations: all fields; some in other slots; none. The merging process has none configured.
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
  // A reader that does not know the added fields refuses the segment rather than leave out their values.
  SegmentReader other;
  EXPECT_FALSE(other.open(path("m")));
}

// Large row groups are copied without being decoded, those with added fields too.
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

}  // namespace
}  // namespace weir
