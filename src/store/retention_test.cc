// SPDX-License-Identifier: Apache-2.0
#include "store/retention.h"

#include <optional>

#include "store/testing/store_fixture.h"

namespace weir {
namespace {

class RetentionTest : public StoreTest {
 protected:
  static Segment made_up(int64_t id, int64_t hour, uint64_t bytes, int64_t received = 0) {
    Segment segment;
    segment.id = id;
    segment.hour = hour;
    segment.figures.bytes = bytes;
    segment.figures.received.min_ns = received;
    return segment;
  }
  static std::vector<int64_t> ids(const std::vector<const Segment*>& segments) {
    std::vector<int64_t> all;
    for (const Segment* segment : segments) all.push_back(segment->id);
    return all;
  }
  using Ids = std::vector<int64_t>;
};

TEST_F(RetentionTest, AnHourIsRemovedOnceAllOfItIsTooOld) {
  std::vector<Segment> live = {made_up(1, 10, 5), made_up(2, 10, 5), made_up(3, 11, 5), made_up(4, 12, 5)};
  const int64_t keep = 2 * kHourNs;
  EXPECT_EQ(ids(too_old(live, keep, 13 * kHourNs - 1)), Ids{});
  EXPECT_EQ(ids(too_old(live, keep, 13 * kHourNs)), (Ids{1, 2}));  // hour 10 ended at 11:00
  EXPECT_EQ(ids(too_old(live, keep, 14 * kHourNs)), (Ids{1, 2, 3}));
}

TEST_F(RetentionTest, OldestHoursAreRemovedUntilTheRestIsSmallEnough) {
  std::vector<Segment> live = {made_up(1, 10, 50), made_up(2, 10, 50), made_up(3, 11, 30), made_up(4, 12, 20)};
  EXPECT_EQ(ids(too_much(live, 150, 12 * kHourNs)), Ids{});
  EXPECT_EQ(ids(too_much(live, 149, 12 * kHourNs)), (Ids{1, 2}));  // all of hour 10, though one segment would be enough
  EXPECT_EQ(ids(too_much(live, 50, 12 * kHourNs)), (Ids{1, 2}));
  EXPECT_EQ(ids(too_much(live, 49, 12 * kHourNs)), (Ids{1, 2, 3}));
}

TEST_F(RetentionTest, TheNewestHourLosesItsOldestSegments) {
  // 9 is a merge of the rows that were received first.
  std::vector<Segment> live = {made_up(7, 12, 20, 300), made_up(8, 12, 20, 400), made_up(9, 12, 60, 100)};
  EXPECT_EQ(ids(too_much(live, 99, 12 * kHourNs)), (Ids{9}));
  EXPECT_EQ(ids(too_much(live, 39, 12 * kHourNs)), (Ids{9, 7}));
}

// Otherwise they would stay forever, and what is received now would be removed at once.
TEST_F(RetentionTest, HoursInTheFutureAreRemovedFirst) {
  std::vector<Segment> live = {made_up(4, 10, 50), made_up(5, 11, 50), made_up(1, 90, 50), made_up(2, 90, 50),
                               made_up(3, 91, 50)};
  EXPECT_EQ(ids(too_much(live, 249, 11 * kHourNs)), (Ids{1, 2}));
  EXPECT_EQ(ids(too_much(live, 149, 11 * kHourNs)), (Ids{1, 2, 3}));
  EXPECT_EQ(ids(too_much(live, 99, 11 * kHourNs)), (Ids{1, 2, 3, 4}));
}

TEST_F(RetentionTest, RemovesFilesAndCountsRows) {
  Segments segments = Segments::open(data_);
  add(segments, 10, kHour - 3);
  add(segments, 20, kHour - 2);
  add(segments, 40, kHour);
  Retention retention({2 * kHourNs, 0}, segments, clock_);
  real_ns_ = (kHour + 1) * kHourNs - 1;
  retention.run();
  EXPECT_EQ(retention.removed_rows(Removal::keep), 10u);
  expect_files_as_listed(60);
  uint64_t newest = segments.live()[1].figures.bytes;
  Retention by_size({0, newest}, segments, clock_);
  real_ns_ = (kHour + 1) * kHourNs;
  by_size.run();
  EXPECT_EQ(by_size.removed_rows(Removal::max_size), 20u);
  expect_files_as_listed(40);
}

TEST_F(RetentionTest, NothingIsRemovedByDefault) {
  Segments segments = Segments::open(data_);
  add(segments, 10, 0);
  Retention retention({}, segments, clock_);
  real_ns_ = (kHour + 1'000'000) * kHourNs;
  retention.run();
  expect_files_as_listed(10);
}

// The clock of a process that starts with flows up to an hour old in the store, and keeps a month.
class RetentionClockTest : public RetentionTest {
 protected:
  static constexpr int64_t kDayNs = 24 * kHourNs, kKeepNs = 30 * kDayNs;
  void SetUp() override {
    RetentionTest::SetUp();
    segments_.emplace(Segments::open(data_));
    for (int64_t days : {29, 10, 0}) add(*segments_, 10, kHour - 24 * days);
    testing::internal::CaptureStderr();
  }
  void TearDown() override {
    testing::internal::GetCapturedStderr();
    RetentionTest::TearDown();
  }
  void start() {
    month_.emplace(kKeepNs, [this] { return ReceiveClock::Times{real_ns_, steady_ns_}; });
    month_->start_from(segments_->yardstick_ns());
    retention_.emplace(RetentionConfig{kKeepNs, 0}, *segments_, *month_);
  }
  void pass(int64_t ns) { real_ns_ += ns, steady_ns_ += ns; }
  uint64_t removed() const { return retention_->removed_rows(Removal::keep); }

  std::optional<Segments> segments_;
  std::optional<ReceiveClock> month_;
  std::optional<Retention> retention_;
};

TEST_F(RetentionClockTest, AStartYearsAheadRemovesNothingForADay) {
  real_ns_ += 3 * 365 * kDayNs;
  start();
  retention_->run();
  pass(kDayNs - 1);
  retention_->run();
  EXPECT_EQ(removed(), 0u);
  expect_files_as_listed(30);
  pass(1);  // by now the clock is trusted
  retention_->run();
  EXPECT_EQ(removed(), 30u);
}

TEST_F(RetentionClockTest, AfterCorrectionTheClockIsTrustedAtOnce) {
  real_ns_ += 3 * 365 * kDayNs;
  start();
  retention_->run();
  real_ns_ -= 3 * 365 * kDayNs;
  pass(2 * kDayNs + kHourNs);
  retention_->run();
  EXPECT_EQ(removed(), 10u);  // what was received 29 days ago is now 31 days old
  expect_files_as_listed(20);
}

TEST_F(RetentionClockTest, AClockIsTrustedIfTheCollectorWasOffForLessThanHalfOfKeep) {
  real_ns_ += 14 * kDayNs;
  start();
  retention_->run();
  EXPECT_EQ(removed(), 10u);
}

TEST_F(RetentionClockTest, AStepWhileRunningRemovesNothing) {
  start();
  retention_->run();
  real_ns_ += 16 * kDayNs;
  retention_->run();
  EXPECT_EQ(removed(), 0u);
  real_ns_ -= 16 * kDayNs;
  retention_->run();
  expect_files_as_listed(30);
}

// With max_bytes, hours in the future are removed first; under a clock of 1970 the whole store would be in the future.
TEST_F(RetentionClockTest, WithAClockInThePastTheOldestAreStillRemovedFirst) {
  real_ns_ = 5;
  start();
  Retention by_size({0, 2 * segments_->live()[0].figures.bytes}, *segments_, *month_);
  by_size.run();
  EXPECT_EQ(by_size.removed_rows(Removal::max_size), 10u);
  ASSERT_EQ(segments_->live().size(), 2u);
  EXPECT_EQ(segments_->live()[0].hour, kHour - 240);
}

// A store contains flows of a wrong time in the future, and the clock is correct: after a day those flows no longer
// determine the yardstick, and not in the next run of the process either.
TEST_F(RetentionClockTest, ATrustedClockLowersTheYardsticksInTheList) {
  add(*segments_, 10, kHour + 24 * 1'000);
  start();
  retention_->run();
  EXPECT_TRUE(month_->is_held());
  pass(kDayNs);
  retention_->run();
  EXPECT_FALSE(month_->is_held());
  EXPECT_EQ(segments_->yardstick_ns(), real_ns_);
  segments_.reset();
  segments_.emplace(Segments::open(data_));
  EXPECT_EQ(segments_->yardstick_ns(), real_ns_);
  start();
  EXPECT_FALSE(month_->is_held());
  expect_files_as_listed(40);
}

// An empty store, which receives its first flows before the clock is set.
class FirstRunTest : public RetentionTest {
 protected:
  static constexpr int64_t kDayNs = 24 * kHourNs;
  void SetUp() override {
    RetentionTest::SetUp();
    segments_.emplace(Segments::open(data_));
    month_.start_from(segments_->yardstick_ns());
    testing::internal::CaptureStderr();
  }
  void TearDown() override {
    testing::internal::GetCapturedStderr();
    RetentionTest::TearDown();
  }
  // Receives flows and stores them in the hour of their receive time.
  ReceiveClock::Stamp receive(uint32_t rows) {
    ReceiveClock::Stamp stamp = month_.receive({real_ns_, steady_ns_});
    Segment segment = write(*segments_, rows, hour_of(real_ns_ + stamp.correction_ns));
    if (stamp.held) segment.yardstick_ns = 0;
    std::string error;
    EXPECT_EQ(segments_->change({segment}, {}, {}, error), Change::done) << error;
    retention_->run();
    return stamp;
  }
  void pass(int64_t ns) { real_ns_ += ns, steady_ns_ += ns; }

  std::optional<Segments> segments_;
  ReceiveClock month_{30 * kDayNs, [this] { return ReceiveClock::Times{real_ns_, steady_ns_}; }};
  std::optional<Retention> retention_;
};

TEST_F(FirstRunTest, From1970ToNow) {
  retention_.emplace(RetentionConfig{30 * kDayNs, 0}, *segments_, month_);
  real_ns_ = kHourNs;
  EXPECT_FALSE(receive(10).held);
  real_ns_ = kHour * kHourNs;  // the clock is set
  ReceiveClock::Stamp stamp = receive(20);
  EXPECT_TRUE(stamp.held);
  EXPECT_EQ(stamp.correction_ns, 0);  // so these times are right
  pass(kDayNs - kHourNs);
  EXPECT_TRUE(receive(30).held);
  expect_files_as_listed(60);
  pass(kHourNs);
  EXPECT_FALSE(receive(40).held);
  expect_files_as_listed(90);                      // without the flows from 1970
  EXPECT_EQ(segments_->yardstick_ns(), real_ns_);  // the time from which the clock is trusted
}

TEST_F(FirstRunTest, FromTheFutureToNow) {
  retention_.emplace(RetentionConfig{30 * kDayNs, 0}, *segments_, month_);
  const int64_t now = real_ns_;
  real_ns_ = now + 1'000 * kDayNs;
  EXPECT_FALSE(receive(10).held);
  real_ns_ = now;
  EXPECT_TRUE(receive(20).held);
  EXPECT_EQ(segments_->live()[segments_->live().size() - 1].hour, kHour + 24 * 1'000);
  pass(kDayNs);
  EXPECT_FALSE(receive(30).held);
  EXPECT_EQ(segments_->live()[0].hour, kHour + 24);
  pass(kDayNs);
  EXPECT_FALSE(receive(40).held);
  expect_files_as_listed(100);
  EXPECT_LE(segments_->yardstick_ns(), real_ns_ + kHourNs);
}

}  // namespace
}  // namespace weir
