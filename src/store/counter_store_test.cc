// SPDX-License-Identifier: Apache-2.0
// Tests the table `counters` through the whole store: files, list, merging, retention, recovery.
#include <gtest/gtest.h>

#include <map>

#include "ledger/saved_ledger.h"
#include "os/clock.h"
#include "store/counter_rows.h"
#include "store/merger.h"
#include "store/segment_reader.h"
#include "store/store_output.h"
#include "store/store_tables.h"
#include "store/testing/store_fixture.h"

namespace weir {
namespace {

class CounterStoreTest : public StoreTest {
 protected:
  // An interface's counters, received in that hour: `number` distinguishes them.
  CounterSample sample(uint32_t number, int64_t hour = kHour) {
    CounterSample sample;
    sample.received_ns = hour * kHourNs + 5'000'000'000 + number * 1'000'000;
    sample.agent = IpAddress::v4(0xc0000201);
    sample.sequence = number;
    sample.source_index = number % 48;
    sample.entry = entry().index;
    set(sample, CounterField::if_index, number % 48);
    set(sample, CounterField::in_octets, (uint64_t{1} << 33) + number);
    if (number % 2) set(sample, CounterField::fcs_errors, number);
    return sample;
  }
  static void set(CounterSample& sample, CounterField field, uint64_t value) {
    sample.present.set(static_cast<size_t>(field));
    sample.values[static_cast<size_t>(field)] = value;
  }
  std::vector<CounterSample> samples(uint32_t count, int64_t hour = kHour, uint32_t first = 0) {
    std::vector<CounterSample> all;
    for (uint32_t i = 0; i < count; ++i) all.push_back(sample(first + i, hour));
    return all;
  }
  LedgerEntry& entry() { return ledger_.entry({IpAddress::v4(0xc0000201), Protocol::unknown, 0}); }

  Segment write_counters(Segments& segments, const std::vector<CounterSample>& rows, int64_t hour = kHour) {
    int error = 0;
    Segment segment{
        .path = segments.new_path(hour, error, Table::counters), .hour = hour, .figures = {}, .table = Table::counters};
    SegmentWriter writer(segments.file(segment.path), store_columns(Table::counters), Table::counters);
    EXPECT_EQ(writer.add(rows), 0);
    EXPECT_EQ(writer.finish(segment.figures), 0);
    return segment;
  }
  void add_counters(Segments& segments, uint32_t rows, int64_t hour = kHour, uint32_t first = 0) {
    std::string error;
    ASSERT_EQ(segments.change({write_counters(segments, samples(rows, hour, first), hour)}, {}, {}, error),
              Change::done)
        << error;
  }
  std::vector<Segment> listed(Table table) const {
    std::vector<Segment> all = Segments::read(data_);
    std::erase_if(all, [&](const Segment& segment) { return segment.table != table; });
    return all;
  }
  // The columns of a file by name; the file has one row group.
  std::vector<ColumnBuffer> read(const std::string& path) {
    SegmentReader reader(store_columns(Table::counters));
    EXPECT_TRUE(reader.open(path)) << reader.problem();
    std::vector<ColumnBuffer> columns;
    for (const StoreColumn& column : store_columns(Table::counters)) columns.emplace_back(column);
    EXPECT_EQ(reader.row_groups(), 1u);
    EXPECT_TRUE(reader.read(0, columns, 0)) << reader.problem();
    return columns;
  }
  static ColumnBuffer& column(std::vector<ColumnBuffer>& columns, std::string_view name) {
    return *std::ranges::find_if(columns, [&](const ColumnBuffer& c) { return c.column->name == name; });
  }

  Ledger ledger_{0};
  OutputCounts& entry_ = ledger_.add_output("store");
};

TEST_F(CounterStoreTest, WrittenSamplesAreReadBack) {
  Segments segments = Segments::open(data_);
  Segment segment = write_counters(segments, samples(100));
  EXPECT_TRUE(segment.path.starts_with("counters/day=2026-11-21/hour=12/")) << segment.path;
  EXPECT_EQ(segment.figures.rows, 100u);
  EXPECT_EQ(segment.figures.received.min_ns, kHour * kHourNs + 5'000'000'000);
  EXPECT_EQ(segment.figures.received.max_ns, kHour * kHourNs + 5'099'000'000);
  EXPECT_GT(segment.figures.start.min_ns, segment.figures.start.max_ns);  // counters have no start time
  std::vector<ColumnBuffer> columns = read(segments.file(segment.path) + kUnfinishedSuffix);
  ColumnBuffer& octets = column(columns, "in_octets");
  ASSERT_EQ(octets.longs.size(), 100u);
  EXPECT_EQ(octets.longs[99], (uint64_t{1} << 33) + 99);
  ColumnBuffer& errors = column(columns, "fcs_errors");
  ASSERT_EQ(errors.words.size(), 50u);
  EXPECT_EQ(errors.words[49], 99u);
  EXPECT_EQ(errors.presence.size(), 100u);  // null and value alternate
  EXPECT_EQ(column(columns, "sampler_address").dictionary.keys().size(), 1u);
  EXPECT_TRUE(column(columns, "out_octets").is_empty());
  EXPECT_EQ(column(columns, "time_received").longs[1] - column(columns, "time_received").longs[0], 1u);
}

TEST_F(CounterStoreTest, OnlySegmentsOfTheSameTableAreMerged) {
  Segments segments = Segments::open(data_);
  for (uint32_t i = 0; i < 3; ++i) {
    add_counters(segments, 10, kHour, i * 10);
    add(segments, 20);
  }
  FreeSpace space(data_, 0);
  Merger merger({3, 2, limits::kMergedBytes}, segments, space, clock_);
  EXPECT_EQ(merger.merge_all(), 2u);
  ASSERT_EQ(listed(Table::counters).size(), 1u);
  ASSERT_EQ(listed(Table::flows).size(), 1u);
  Segment merged = listed(Table::counters)[0];
  EXPECT_EQ(merged.figures.rows, 30u);
  EXPECT_EQ(merged.level, 1);
  EXPECT_TRUE(merged.path.starts_with("counters/")) << merged.path;
  EXPECT_EQ(listed(Table::flows)[0].figures.rows, 60u);
  std::vector<ColumnBuffer> columns = read(segments.file(merged.path));
  std::set<uint32_t> numbers(column(columns, "sequence_num").words.begin(),
                             column(columns, "sequence_num").words.end());
  EXPECT_EQ(numbers.size(), 30u);
}

TEST_F(CounterStoreTest, RetentionRemovesHoursOfAllTables) {
  Segments segments = Segments::open(data_);
  add_counters(segments, 10, kHour);
  add_counters(segments, 20, kHour + 1);
  add(segments, 5, kHour);
  Retention retention({kHourNs, 0}, segments, clock_);
  real_ns_ = (kHour + 2) * kHourNs;
  retention.run();
  ASSERT_EQ(listed(Table::counters).size(), 1u);
  EXPECT_EQ(listed(Table::counters)[0].hour, kHour + 1);
  EXPECT_TRUE(listed(Table::flows).empty());
  EXPECT_EQ(retention.removed_rows(Removal::keep), 5u);
  EXPECT_FALSE(std::filesystem::exists(data_ + "/counters/day=2026-11-21/hour=12"));
}

TEST_F(CounterStoreTest, ACrashLeavesEveryListedRowOnce) {
  std::string listed_path, unlisted_path;
  {
    Segments segments = Segments::open(data_);
    Segment segment = write_counters(segments, samples(10));
    listed_path = segment.path;
    std::string error;
    ASSERT_EQ(segments.change({segment}, {}, {}, error), Change::done);
    std::filesystem::rename(segments.file(listed_path), segments.file(listed_path) + ".tmp");  // before step 3
    unlisted_path = write_counters(segments, samples(10)).path;                                // before step 2
  }
  Segments segments = Segments::open(data_);
  EXPECT_TRUE(std::filesystem::exists(segments.file(listed_path)));
  EXPECT_FALSE(std::filesystem::exists(segments.file(unlisted_path) + ".tmp"));
  EXPECT_EQ(listed(Table::counters).size(), 1u);
}

TEST_F(CounterStoreTest, AListFromBeforeThereWereTablesContainsFlows) {
  {
    Segments segments = Segments::open(data_);
    add(segments, 7);
  }
  sql("ALTER TABLE segments DROP COLUMN table_name; ALTER TABLE segments DROP COLUMN tier; DROP TABLE owners; "
      "PRAGMA user_version = 1");
  EXPECT_EQ(listed(Table::flows).size(), 1u);  // before the update
  Segments segments = Segments::open(data_);   // updates it
  EXPECT_EQ(number("PRAGMA user_version"), kCatalogVersion);
  EXPECT_EQ(listed(Table::flows).size(), 1u);
  add_counters(segments, 3);
  EXPECT_EQ(listed(Table::counters).size(), 1u);
}

TEST_F(CounterStoreTest, SegmentsOfAnUnknownTableAreLeftAlone) {
  Segments segments = Segments::open(data_);
  add(segments, 7);
  sql("UPDATE segments SET table_name = 'sessions'");
  EXPECT_TRUE(Segments::read(data_).empty());
  Segments again = Segments::open(data_);
  EXPECT_TRUE(again.live().empty());
  EXPECT_EQ(number("SELECT count(*) FROM segments"), 1);
  EXPECT_EQ(files().size(), 1u);
}

class CounterOutputTest : public CounterStoreTest {
 protected:
  CounterOutputTest() = default;
  void offer(StoreOutput& output, const std::vector<CounterSample>& rows) {
    entry().counter_samples.add(static_cast<int64_t>(rows.size()));
    output.offer(std::make_shared<const CounterBatch>(rows));
  }
  int64_t stored() { return entry().counters_stored.value(); }
  int64_t dropped() { return entry().counters_dropped.value(); }
};

TEST_F(CounterOutputTest, SamplesAreStoredByHourAndCounted) {
  Segments segments = Segments::open(data_);
  Retention retention({}, segments, clock_);
  FreeSpace space(data_, 0);
  StoreOutput output({}, segments, retention, space, clock_, ledger_, entry_);
  std::vector<CounterSample> two_hours = samples(40);
  for (const CounterSample& sample : samples(30, kHour + 1)) two_hours.push_back(sample);
  offer(output, two_hours);
  FlowBatch* flows = new FlowBatch;  // offered together with the samples
  fill(*flows, 9, kHour, entry().index);
  BatchPool pool;
  output.offer(pool.publish(std::unique_ptr<FlowBatch>(flows)));
  output.start();
  output.stop();
  ASSERT_EQ(listed(Table::counters).size(), 2u);
  EXPECT_EQ(listed(Table::counters)[0].figures.rows, 40u);
  EXPECT_EQ(listed(Table::counters)[1].figures.rows, 30u);
  EXPECT_EQ(listed(Table::counters)[1].hour, kHour + 1);
  EXPECT_EQ(listed(Table::flows).size(), 1u);
  EXPECT_EQ(stored(), 70);
  EXPECT_EQ(entry().stored.value(), 9);
  EXPECT_EQ(output.stats().sent_records, 9u);
  std::map<Table, int64_t> noted;
  for (const StoredCount& count : Segments::read_noted_counts(data_))
    noted[count.table] = std::max(noted[count.table], count.stored);
  EXPECT_EQ(noted[Table::counters], 70);
  EXPECT_EQ(noted[Table::flows], 9);
}

// A snapshot of the ledger taken before the segment was listed, saved afterwards.
TEST_F(CounterOutputTest, StoredCountsSurviveAnOlderSnapshot) {
  SavedLedger catalog = SavedLedger::open(data_ + "/catalog.db");
  Segments segments = Segments::open(data_);
  Retention retention({}, segments, clock_);
  FreeSpace space(data_, 0);
  StoreOutput output({}, segments, retention, space, clock_, ledger_, entry_);
  offer(output, samples(40));
  LedgerSnapshot before = ledger_.rows();
  output.stop();
  std::string error;
  ASSERT_TRUE(catalog.save(before, {}, error)) << error;
  const std::vector<StoredCount> noted = Segments::read_noted_counts(data_);
  ASSERT_EQ(noted.size(), 1u);
  EXPECT_EQ(noted[0].stored, 40);
  EXPECT_EQ(number("SELECT counter_samples FROM exporters"), 40);
}

TEST_F(CounterOutputTest, SamplesBeyondTheQueueAreDroppedAndCounted) {
  Segments segments = Segments::open(data_);
  Retention retention({}, segments, clock_);
  FreeSpace space(data_, 0);
  StoreOutput output({.counter_batches = 2}, segments, retention, space, clock_, ledger_, entry_);
  for (int i = 0; i < 3; ++i) offer(output, samples(10));
  EXPECT_EQ(dropped(), 10);
  output.stop();
  EXPECT_EQ(stored(), 20);
  offer(output, samples(5));  // after the stop
  EXPECT_EQ(dropped(), 15);
  EXPECT_EQ(entry().counter_samples.value(), stored() + dropped());
}

TEST_F(CounterOutputTest, WithoutSpaceSamplesAreDroppedAndCounted) {
  Segments segments = Segments::open(data_);
  Retention retention({}, segments, clock_);
  FreeSpace space(data_, INT64_MAX);
  StoreOutput output({}, segments, retention, space, clock_, ledger_, entry_);
  offer(output, samples(10));
  output.stop();
  EXPECT_EQ(dropped(), 10);
  EXPECT_TRUE(listed(Table::counters).empty());
}

TEST_F(CounterOutputTest, SamplesThatCannotBeWrittenAreDroppedAndCounted) {
  Segments segments = Segments::open(data_);
  Retention retention({}, segments, clock_);
  FreeSpace space(data_, 0);
  StoreOutput output({}, segments, retention, space, clock_, ledger_, entry_);
  std::ofstream(data_ + "/counters") << "in the way";
  offer(output, samples(10));
  output.stop();
  EXPECT_EQ(dropped(), 10);
  EXPECT_EQ(stored(), 0);
}

// Samples that a killed run had decoded but not stored.
TEST_F(CounterOutputTest, AfterACrashUnstoredSamplesAreDropped) {
  entry().counter_samples.add(100);
  entry().counters_stored.add(60);
  entry().counters_filtered.add(5);
  EXPECT_EQ(ledger_.settle_unfinished(), 0);  // no flows
  EXPECT_EQ(dropped(), 35);
  entry().counters_stored.add(50);  // the stored count survives longer than the decoded one
  ledger_.settle_unfinished();
  EXPECT_EQ(entry().counter_samples.value(), 150);
}

}  // namespace
}  // namespace weir
