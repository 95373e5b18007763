// SPDX-License-Identifier: Apache-2.0
#include "store/store_output.h"

#include <sys/mount.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

#include "format/testing/sample_flows.h"
#include "os/clock.h"
#include "store/testing/store_fixture.h"

namespace weir {
namespace {

class StoreOutputTest : public StoreTest {
 protected:
  void TearDown() override {
    ::umount2(data_.c_str(), MNT_DETACH);  // for tests that mounted something
    StoreTest::TearDown();
  }

  // Everything that a store's output needs.
  struct Store {
    Store(const std::string& data, const StoreOutputConfig& config, ReceiveClock& clock, Ledger& ledger,
          int64_t floor = 0, RetentionConfig keep = {})
        : space(data, floor),
          segments(Segments::open(data)),
          retention(keep, segments, clock),
          output(config, segments, retention, space, clock, ledger, ledger.output("store")) {}
    FreeSpace space;
    Segments segments;
    Retention retention;
    StoreOutput output;
  };

  BatchRef batch(uint32_t rows, int64_t hour, uint32_t exporter = 1) {
    auto batch = pool_.take();
    fill(*batch, rows, hour, entry(exporter).index);
    return pool_.publish(std::move(batch));
  }
  LedgerEntry& entry(uint32_t exporter = 1) {
    return ledger_.entry({IpAddress::v4(0xc0000200 + exporter), Protocol::netflow9, 0});
  }
  uint64_t listed_rows() const {
    uint64_t rows = 0;
    for (const Segment& segment : Segments::read(data_)) rows += segment.figures.rows;
    return rows;
  }
  static uint64_t dropped(const StoreOutput& output, OutputError reason) {
    return output.stats().dropped_records[static_cast<size_t>(reason)];
  }

  static constexpr int64_t kNever = INT64_MAX;
  static constexpr int64_t kSoon = 50'000'000;
  Ledger ledger_{0};
  OutputCounts& entry_ = ledger_.add_output("store");
  BatchPool pool_;
};

TEST_F(StoreOutputTest, OfferedFlowsAreStoredAtStopAndCountedPerExporter) {
  Store store(data_, {.flush_ns = kNever}, clock_, ledger_);
  store.output.start();
  for (int i = 0; i < 5; ++i) store.output.offer(batch(100, kHour, 1));
  store.output.offer(batch(7, kHour, 2));
  EXPECT_EQ(entry(1).stored.value(), 0);
  store.output.stop();
  EXPECT_EQ(entry(1).stored.value(), 500);
  EXPECT_EQ(entry(2).stored.value(), 7);
  EXPECT_EQ(store.output.stats().sent_records, 507u);
  expect_files_as_listed(507);
  EXPECT_EQ(store.segments.live().size(), 1u);
  int64_t noted = 0;
  for (const StoredCount& count : Segments::read_noted_counts(data_)) noted += count.stored;
  EXPECT_EQ(noted, 507);
  store.output.offer(batch(3, kHour));
  EXPECT_EQ(dropped(store.output, OutputError::stopped), 3u);
  EXPECT_EQ(entry(1).sink_dropped.value(), 3);
}

TEST_F(StoreOutputTest, RowsAreVisibleAfterTheFlushTime) {
  Store store(data_, {.flush_ns = kSoon}, clock_, ledger_);
  store.output.start();
  store.output.offer(batch(10, kHour));
  EXPECT_TRUE(eventually([&] { return listed_rows() == 10; }));
  store.output.offer(batch(20, kHour));
  EXPECT_TRUE(eventually([&] { return listed_rows() == 30; }));
  EXPECT_EQ(Segments::read(data_).size(), 2u);
}

TEST_F(StoreOutputTest, AFullSegmentIsFlushedBeforeTheFlushTime) {
  Store store(data_, {.flush_ns = kNever, .flush_rows = 1'000}, clock_, ledger_);
  store.output.start();
  for (int i = 0; i < 25; ++i) store.output.offer(batch(100, kHour));
  EXPECT_TRUE(eventually([&] { return listed_rows() == 2'000; }));
  store.output.stop();
  EXPECT_EQ(Segments::read(data_).size(), 3u);
  expect_files_as_listed(2'500);
}

TEST_F(StoreOutputTest, EachHourOfReceiptHasItsOwnFolder) {
  Store store(data_, {.flush_ns = kNever}, clock_, ledger_);
  store.output.start();
  for (int64_t hour : {kHour, kHour + 1, kHour, kHour + 2, kHour + 3, kHour + 4, kHour})
    store.output.offer(batch(10, hour));
  store.output.stop();
  uint64_t of_hour = 0;
  for (const Segment& segment : store.segments.live()) {
    EXPECT_TRUE(segment.path.starts_with(partition_folder(segment.hour))) << segment.path;
    EXPECT_EQ(hour_of(segment.figures.received.min_ns), segment.hour);
    EXPECT_EQ(hour_of(segment.figures.received.max_ns), segment.hour);
    if (segment.hour == kHour) of_hour += segment.figures.rows;
  }
  EXPECT_EQ(of_hour, 30u);
  expect_files_as_listed(70);
}

TEST_F(StoreOutputTest, AFullQueueRefusesAndCounts) {
  Store store(data_, {.queue_batches = 2}, clock_, ledger_);  // not started: nothing empties the queue
  for (int i = 0; i < 5; ++i) store.output.offer(batch(10, kHour));
  EXPECT_EQ(dropped(store.output, OutputError::queue_full), 30u);
  EXPECT_EQ(entry().sink_dropped.value(), 30);
  store.output.stop();
  EXPECT_EQ(entry().stored.value(), 20);
}

TEST_F(StoreOutputTest, TheQueueIsBoundedInBytesToo) {
  size_t one = batch(10, kHour)->memory_bytes();
  ASSERT_GT(one, 2'048u * 24);  // a batch has space for 2,048 rows; bytes and src_addr are 24 bytes a row
  Store store(data_, {.queue_bytes = 3 * one}, clock_, ledger_);
  for (int i = 0; i < 5; ++i) store.output.offer(batch(10, kHour));
  EXPECT_EQ(dropped(store.output, OutputError::queue_full), 20u);
  store.output.stop();
  EXPECT_EQ(entry().stored.value(), 30);
}

TEST_F(StoreOutputTest, BelowTheFloorRowsAreRefused) {
  Store store(data_, {.flush_ns = kSoon}, clock_, ledger_, INT64_MAX);
  store.output.start();
  store.output.offer(batch(10, kHour));
  EXPECT_TRUE(eventually([&] { return dropped(store.output, OutputError::no_space) == 10; }));
  store.output.stop();
  EXPECT_EQ(entry().sink_dropped.value(), 10);
  EXPECT_EQ(listed_rows(), 0u);
}

// Counting and storing continue after each fault; every row is either stored or dropped.
TEST_F(StoreOutputTest, ACatalogThatCannotBeWrittenLosesTheSegmentAndRecovers) {
  Store store(data_, {.flush_ns = kSoon}, clock_, ledger_);
  sql("CREATE TRIGGER refuse BEFORE INSERT ON segments BEGIN SELECT raise(ABORT, 'refused'); END");
  store.output.start();
  store.output.offer(batch(10, kHour));
  ASSERT_TRUE(eventually([&] { return dropped(store.output, OutputError::input_output) == 10; }));
  sql("DROP TRIGGER refuse");
  store.output.offer(batch(20, kHour));
  EXPECT_TRUE(eventually([&] { return listed_rows() == 20; }));
  store.output.stop();
  EXPECT_EQ(entry().stored.value(), 20);
  EXPECT_EQ(entry().sink_dropped.value(), 10);
  expect_files_as_listed(20);
}

TEST_F(StoreOutputTest, AFileOverItsLimitIsLostAndCounted) {
  Store store(data_, {.flush_ns = kSoon}, clock_, ledger_);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_IGN);
  auto batch_of_noise = [&] {
    auto batch = pool_.take();
    fill_with_router_flows(*batch, 2'048, 1, entry().index);
    return pool_.publish(std::move(batch));
  };
  rlimit small = before;
  small.rlim_cur = 8'000;
  ::setrlimit(RLIMIT_FSIZE, &small);
  store.output.start();
  store.output.offer(batch_of_noise());
  bool counted = eventually([&] { return dropped(store.output, OutputError::file_too_large) == 2'048; });
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_TRUE(counted);
  EXPECT_TRUE(eventually([&] { return files().empty(); }));
  store.output.offer(batch_of_noise());
  EXPECT_TRUE(eventually([&] { return listed_rows() == 2'048; }));
  store.output.stop();
  EXPECT_EQ(entry().sink_dropped.value(), 2'048);
}

TEST_F(StoreOutputTest, AFullDiskLosesOnlyCountedRows) {
  if (::mount("weir-test", data_.c_str(), "tmpfs", 0, "size=3m") != 0)
    GTEST_SKIP() << "needs root, to mount a small file system";
  Store store(data_, {.flush_ns = kSoon}, clock_, ledger_);
  store.output.start();
  uint64_t offered = 0;
  auto offer = [&] {
    auto batch = pool_.take();
    fill_with_router_flows(*batch, 2'048, static_cast<uint32_t>(offered), entry().index);
    offered += batch->rows();
    store.output.offer(pool_.publish(std::move(batch)));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  };
  auto full = [&] { return dropped(store.output, OutputError::no_space) > 0; };
  for (int i = 0; i < 2'000 && !full(); ++i) offer();
  ASSERT_TRUE(full());
  for (int i = 0; i < 100; ++i) offer();
  // Free space: the oldest segment is removed, as an operator's store.max_size would do.
  std::string error;
  std::vector<int64_t> ids;
  uint64_t removed = 0;
  for (const Segment& segment : store.segments.live()) {
    ids.push_back(segment.id);
    removed += segment.figures.rows;
  }
  EXPECT_TRUE(eventually([&] { return store.segments.change({}, ids, {}, error) == Change::done; })) << error;
  uint64_t before = store.output.stats().sent_records;
  EXPECT_TRUE(eventually([&] {
    offer();
    return store.output.stats().sent_records > before;
  }));
  store.output.stop();
  EXPECT_EQ(static_cast<uint64_t>(entry().stored.value() + entry().sink_dropped.value()), offered);
  EXPECT_EQ(static_cast<uint64_t>(entry().stored.value()), listed_rows() + removed);
  expect_files_as_listed(listed_rows());
}

TEST_F(StoreOutputTest, RetentionRunsAfterAFlush) {
  Store store(data_, {.flush_ns = kSoon}, clock_, ledger_, 0, {0, 1});
  store.output.start();
  store.output.offer(batch(10, kHour));
  EXPECT_TRUE(eventually([&] { return store.retention.removed_rows(Removal::max_size) == 10; }));
  store.output.stop();
  expect_files_as_listed(0);
}

// In one segment: the newest row that is not marked sets the yardstick.
TEST_F(StoreOutputTest, MarkedRowsDoNotMoveTheYardstick) {
  Store store(data_, {.flush_ns = kNever}, clock_, ledger_);
  auto rows_at = [&](int64_t after_ns, bool clock_held) {
    auto batch = pool_.take();
    weir::Run& run = batch->append_run(3);
    run.entry = entry().index;
    run.received_ns = kHour * kHourNs + after_ns;
    run.clock_held = clock_held;
    store.output.offer(pool_.publish(std::move(batch)));
  };
  rows_at(7, false);
  rows_at(9, true);
  rows_at(8, false);
  store.output.stop();
  ASSERT_EQ(store.segments.live().size(), 1u);
  EXPECT_EQ(store.segments.live()[0].yardstick_ns, kHour * kHourNs + 8);
  EXPECT_EQ(store.segments.live()[0].figures.received.max_ns, kHour * kHourNs + 9);
}

}  // namespace
}  // namespace weir
