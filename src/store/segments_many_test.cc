// SPDX-License-Identifier: Apache-2.0
// The list of segments and the counts of the ledger with many segments and exporters.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "ledger/saved_ledger.h"
#include "os/clock.h"
#include "store/retention.h"
#include "store/store_output.h"
#include "store/testing/store_fixture.h"

namespace weir {
namespace {

constexpr uint32_t kExporters = 100'000;

LedgerKey exporter(uint32_t number) { return {IpAddress::v4(0x0a000000 + number), Protocol::ipfix, number % 7}; }

class ManyTest : public StoreTest {
 protected:
  static std::vector<StoredCount> counts(int64_t each, uint32_t exporters = kExporters) {
    std::vector<StoredCount> all;
    for (uint32_t i = 0; i < exporters; ++i) all.push_back({exporter(i), each + i});
    return all;
  }
  static void change(Segments& segments, const std::vector<StoredCount>& stored) {
    std::string error;
    ASSERT_EQ(segments.change({write(segments, 10)}, {}, stored, error), Change::done) << error;
  }
  // What a ledger contains after a crash, once the next process has opened the store.
  LedgerSnapshot recovered() const {
    Ledger ledger(0);
    OutputCounts& output = ledger.add_output("store");
    for (const StoredCount& count : Segments::open(data_).counts_of_before())
      ledger.raise_acknowledged(output, count.entry, count.table == Table::counters, count.stored);
    return ledger.rows();
  }
};

TEST_F(ManyTest, CountsOfAHundredThousandExportersAreOneNote) {
  {
    Segments segments = Segments::open(data_);
    change(segments, counts(1'000));
  }
  EXPECT_EQ(number("SELECT count(*) FROM stored_counts"), 1);
  LedgerSnapshot rows = recovered();
  ASSERT_EQ(rows.entries.size(), kExporters);
  for (const LedgerRow& row : rows.entries) {
    uint32_t i = row.key.exporter.v4_host_order() - 0x0a000000;
    ASSERT_EQ(row.key, exporter(i));
    ASSERT_EQ(row.stored, 1'000 + i);
  }
}

TEST_F(ManyTest, NotesNeverLowerACount) {
  {
    Segments segments = Segments::open(data_);
    change(segments, counts(1'000));
    change(segments, counts(5'000));
    change(segments, counts(3'000));
  }
  EXPECT_EQ(recovered().entries[2].stored, 5'002);
}

TEST_F(ManyTest, ANoteIsRemovedOnceTheLedgerIsSavedWithItsCounts) {
  Segments segments = Segments::open(data_);
  change(segments, counts(1'000));
  segments.ledger_saved(os::monotonic_ns());  // unknown whether that copy contained the counts
  change(segments, counts(2'000));
  EXPECT_EQ(number("SELECT count(*) FROM stored_counts"), 2);
  segments.ledger_saved(os::monotonic_ns());  // it contained the first counts: another change followed them
  change(segments, {});
  EXPECT_EQ(number("SELECT count(*) FROM stored_counts"), 1);
  EXPECT_EQ(number("SELECT min(id) FROM stored_counts"), 2);
}

TEST_F(ManyTest, WhileTheLedgerCannotBeSavedNotesStayFew) {
  Segments segments = Segments::open(data_);
  for (int i = 0; i < 20; ++i) change(segments, counts(1'000 + i, 1'001));
  EXPECT_LE(number("SELECT count(*) FROM stored_counts"), 16);
  EXPECT_EQ(recovered().entries[0].stored, 1'019);
}

TEST_F(ManyTest, CountersHaveTheirOwnColumn) {
  {
    Segments segments = Segments::open(data_);
    std::vector<StoredCount> stored = counts(10, 2'000);
    for (StoredCount& count : stored) count.table = Table::counters;
    change(segments, stored);
  }
  LedgerSnapshot rows = recovered();
  ASSERT_EQ(rows.entries.size(), 2'000u);
  EXPECT_EQ(rows.entries[5].counters_stored, 15);
  EXPECT_EQ(rows.entries[5].stored, 0);
}

TEST_F(ManyTest, ReadersShareTheListAndDoNotWaitForChanges) {
  Segments segments = Segments::open(data_);
  add(segments, 10);
  add(segments, 20);
  const LiveSegments first = segments.live(), second = segments.live();
  EXPECT_EQ(&first[0], &second[0]);  // no segment was copied

  SavedLedger catalog =
      SavedLedger::open(data_ + "/catalog.db");  // a connection like the ledger's, whose writes may take long
  Segment more = write(segments, 5);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open((data_ + "/catalog.db").c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  std::atomic<bool> begun{false}, done{false};
  std::thread changing([&] {
    std::string error;
    begun = true;
    EXPECT_EQ(segments.change({more}, {}, {}, error), Change::done) << error;
    done = true;
  });
  while (!begun) std::this_thread::yield();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(segments.live().size(), 2u);
    std::this_thread::yield();
  }
  EXPECT_FALSE(done);  // it waits for the other writer; reading the list did not wait for it
  EXPECT_EQ(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
  changing.join();
  EXPECT_EQ(segments.live().size(), 3u);
  EXPECT_EQ(first.size(), 2u);
  sqlite3_close(other);
}

TEST_F(ManyTest, FiguresOfTheList) {
  Segments segments = Segments::open(data_);
  add(segments, 10, kHour + 1);
  add(segments, 20, kHour, 1);
  int64_t gone = add(segments, 40, kHour - 1, 2);
  add(segments, 80, kHour, 2);
  EXPECT_EQ(segments.live().figures().oldest_ns, (kHour - 1) * kHourNs + 5'000'000'000);
  std::string error;
  ASSERT_EQ(segments.change({}, {gone}, {}, error), Change::done) << error;
  const LiveFigures figures = segments.live().figures();
  EXPECT_EQ(figures.levels[0].rows, 10u);
  EXPECT_EQ(figures.levels[1].rows, 20u);
  EXPECT_EQ(figures.levels[2].rows, 80u);
  EXPECT_EQ(figures.levels[2].segments, 1u);
  EXPECT_EQ(figures.oldest_ns, kHour * kHourNs + 5'000'000'000);
  uint64_t bytes = 0;
  for (const std::string& path : files()) bytes += std::filesystem::file_size(data_ + "/" + path);
  EXPECT_EQ(figures.bytes(), bytes);
}

// All of them in one flush, through the output, and then again the last seconds before a crash.
TEST_F(ManyTest, AFlushOfAHundredThousandExportersIsCountedExactly) {
  Ledger ledger(0);
  OutputCounts& entry = ledger.add_output("store");
  BatchPool pool;
  {
    FreeSpace space(data_, 0);
    Segments segments = Segments::open(data_);
    Retention retention({}, segments, clock_);
    StoreOutput output({.flush_ns = INT64_MAX}, segments, retention, space, clock_, ledger, entry);
    output.start();
    for (uint32_t i = 0; i < kExporters;) {
      auto batch = pool.take();
      for (; i < kExporters && batch->rows() < 1'000; ++i) fill(*batch, 1, kHour, ledger.entry(exporter(i)).index);
      output.offer(pool.publish(std::move(batch)));
    }
    output.stop();
    EXPECT_EQ(output.stats().sent_records, kExporters);
  }
  for (uint32_t i = 0; i < kExporters; ++i) ASSERT_EQ(ledger.entry(exporter(i)).stored.value(), 1) << i;
  LedgerSnapshot rows = recovered();
  ASSERT_EQ(rows.entries.size(), kExporters);
  for (const LedgerRow& row : rows.entries) ASSERT_EQ(row.stored, 1);
  expect_files_as_listed(kExporters);
}

}  // namespace
}  // namespace weir
