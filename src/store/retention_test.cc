// SPDX-License-Identifier: Apache-2.0
#include "store/retention.h"

#include "store/store_fixture.h"

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

TEST_F(RetentionTest, WholeHoursGoOnceAllOfTheHourIsTooOld) {
  std::vector<Segment> live = {made_up(1, 10, 5), made_up(2, 10, 5), made_up(3, 11, 5), made_up(4, 12, 5)};
  const int64_t keep = 2 * kHourNs;
  EXPECT_EQ(ids(too_old(live, keep, 13 * kHourNs - 1)), Ids{});
  EXPECT_EQ(ids(too_old(live, keep, 13 * kHourNs)), (Ids{1, 2}));  // hour 10 ended at 11
  EXPECT_EQ(ids(too_old(live, keep, 14 * kHourNs)), (Ids{1, 2, 3}));
}

TEST_F(RetentionTest, OldestHoursGoUntilTheRestIsSmallEnough) {
  std::vector<Segment> live = {made_up(1, 10, 50), made_up(2, 10, 50), made_up(3, 11, 30), made_up(4, 12, 20)};
  EXPECT_EQ(ids(too_much(live, 150, 12 * kHourNs)), Ids{});
  EXPECT_EQ(ids(too_much(live, 149, 12 * kHourNs)), (Ids{1, 2}));  // 10 as a whole, though one would do
  EXPECT_EQ(ids(too_much(live, 50, 12 * kHourNs)), (Ids{1, 2}));
  EXPECT_EQ(ids(too_much(live, 49, 12 * kHourNs)), (Ids{1, 2, 3}));
}

TEST_F(RetentionTest, TheNewestHourLosesItsOldestSegments) {
  // 9 is a merge of what was received first.
  std::vector<Segment> live = {made_up(7, 12, 20, 300), made_up(8, 12, 20, 400), made_up(9, 12, 60, 100)};
  EXPECT_EQ(ids(too_much(live, 99, 12 * kHourNs)), (Ids{9}));
  EXPECT_EQ(ids(too_much(live, 39, 12 * kHourNs)), (Ids{9, 7}));
}

// Else they would stay for ever, and what comes in now would go at once.
TEST_F(RetentionTest, HoursThatHaveNotComeYetGoFirst) {
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
  Retention retention({2 * kHourNs, 0}, segments);
  retention.run((kHour + 1) * kHourNs - 1, 0);
  EXPECT_EQ(retention.removed_rows(Removal::keep), 10u);
  expect_files_as_listed(60);
  uint64_t newest = segments.live()[1].figures.bytes;
  Retention by_size({0, newest}, segments);
  by_size.run((kHour + 1) * kHourNs, 0);
  EXPECT_EQ(by_size.removed_rows(Removal::max_size), 20u);
  expect_files_as_listed(40);
}

TEST_F(RetentionTest, NothingIsRemovedUnlessAsked) {
  Segments segments = Segments::open(data_);
  add(segments, 10, 0);
  Retention retention({}, segments);
  retention.run((kHour + 1'000'000) * kHourNs, 0);
  expect_files_as_listed(10);
}

TEST_F(RetentionTest, AClockThatJumpsForwardRemovesNothingForAnHour) {
  Segments segments = Segments::open(data_);
  add(segments, 10, kHour);
  Retention retention({2 * kHourNs, 0}, segments);
  const int64_t now = (kHour + 1) * kHourNs, wrong = now + 1'000 * kHourNs;
  constexpr int64_t kMinute = kHourNs / 60;
  retention.run(now, 0);
  retention.run(wrong + kMinute, kMinute);
  retention.run(wrong + 60 * kMinute, 60 * kMinute);
  expect_files_as_listed(10);
  retention.run(wrong + 61 * kMinute, 61 * kMinute);  // it is meant to be so
  EXPECT_EQ(retention.removed_rows(Removal::keep), 10u);
}

TEST_F(RetentionTest, AClockThatIsSetRightAgainIsTrusted) {
  Segments segments = Segments::open(data_);
  add(segments, 10, kHour);
  Retention retention({2 * kHourNs, 0}, segments);
  const int64_t now = (kHour + 1) * kHourNs;
  retention.run(now, 0);
  retention.run(now + 1'000 * kHourNs, 1);
  retention.run(now, 2);
  expect_files_as_listed(10);
  retention.run(now + 2 * kHourNs, 2 * kHourNs);  // two hours have really passed
  EXPECT_EQ(retention.removed_rows(Removal::keep), 10u);
}

}  // namespace
}  // namespace weir
