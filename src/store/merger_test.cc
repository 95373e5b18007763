// SPDX-License-Identifier: Apache-2.0
#include "store/merger.h"

#include "os/folder.h"
#include "store/testing/store_fixture.h"

namespace weir {
namespace {

constexpr uint64_t kMiB = 1 << 20;

class MergerTest : public StoreTest {
 protected:
  static Segment made_up(int64_t id, int64_t hour, int level, uint64_t bytes) {
    Segment segment;
    segment.id = id;
    segment.hour = hour;
    segment.level = level;
    segment.figures.bytes = bytes;
    segment.figures.received.min_ns = id;
    return segment;
  }
  static std::vector<Segment> many(size_t count, int level = 0, uint64_t bytes = kMiB, int64_t first_id = 1) {
    std::vector<Segment> live;
    for (size_t i = 0; i < count; ++i) live.push_back(made_up(first_id + static_cast<int64_t>(i), kHour, level, bytes));
    return live;
  }
  using Ids = std::vector<int64_t>;
  static Ids ids(const std::optional<MergeJob>& job) {
    Ids all;
    if (job)
      for (const Segment& segment : job->inputs) all.push_back(segment.id);
    return all;
  }
  static constexpr int64_t kWithin = kHour * kHourNs + 1;
  static constexpr int64_t kOver = (kHour + 1) * kHourNs + 60'000'000'000;
  const MergeConfig config_{3, 2, 256 * kMiB};
};

TEST_F(MergerTest, FlushesAreMergedByCount) {
  EXPECT_FALSE(next_merge(many(2), {}, kWithin, config_));
  auto job = next_merge(many(4), {}, kWithin, config_);
  EXPECT_EQ(ids(job), (Ids{1, 2, 3}));
  EXPECT_EQ(job->level, 1);
  EXPECT_EQ(job->hour, kHour);
}

TEST_F(MergerTest, MergedSegmentsAreMergedAgainBeforeFlushes) {
  std::vector<Segment> live = many(3);
  for (const Segment& segment : many(2, 1, kMiB, 10)) live.push_back(segment);
  auto job = next_merge(live, {}, kWithin, config_);
  EXPECT_EQ(ids(job), (Ids{10, 11}));
  EXPECT_EQ(job->level, 2);
  EXPECT_FALSE(next_merge(many(9, 2), {}, kWithin, config_));
}

TEST_F(MergerTest, TheRestOfAnHourIsMergedOnceItIsOver) {
  std::vector<Segment> live = {made_up(1, kHour, 1, kMiB), made_up(2, kHour, 0, kMiB)};
  EXPECT_FALSE(next_merge(live, {}, kOver - 1, config_));
  auto job = next_merge(live, {}, kOver, config_);
  EXPECT_EQ(ids(job), (Ids{1, 2}));
  EXPECT_EQ(job->level, 2);
  EXPECT_FALSE(next_merge({live[0]}, {}, kOver, config_));
}

TEST_F(MergerTest, HoursAreNeverMixed) {
  std::vector<Segment> live = {made_up(1, kHour, 0, kMiB), made_up(2, kHour + 1, 0, kMiB),
                               made_up(3, kHour + 2, 0, kMiB)};
  EXPECT_FALSE(next_merge(live, {}, kOver + 10 * kHourNs, config_));
}

TEST_F(MergerTest, AMergedSegmentStaysWithinTheSizeLimit) {
  EXPECT_EQ(ids(next_merge(many(3, 0, 100 * kMiB), {}, kWithin, config_)), (Ids{1, 2}));
  EXPECT_FALSE(next_merge(many(3, 0, 129 * kMiB), {}, kWithin, config_));
  EXPECT_FALSE(next_merge(many(3, 0, 129 * kMiB), {}, kOver, config_));
}

TEST_F(MergerTest, ALargeSegmentIsNotRewrittenForAFewLateRows) {
  std::vector<Segment> live = {made_up(1, kHour, 2, 160 * kMiB), made_up(2, kHour, 0, 9 * kMiB)};
  EXPECT_FALSE(next_merge(live, {}, kOver, config_));
  live.push_back(made_up(3, kHour, 0, kMiB));
  EXPECT_EQ(ids(next_merge(live, {}, kOver, config_)), (Ids{1, 2, 3}));  // the others have a sixteenth of its size
  live.back().figures.bytes = kMiB / 2;
  EXPECT_EQ(ids(next_merge(live, {}, kOver, config_)), (Ids{2, 3}));  // only the small ones
}

TEST_F(MergerTest, UnusableSegmentsAreLeftOut) {
  EXPECT_EQ(ids(next_merge(many(4), {2}, kWithin, config_)), (Ids{1, 3, 4}));
  EXPECT_FALSE(next_merge(many(3), {2}, kWithin, config_));
}

TEST_F(MergerTest, RowsAreTheSameBeforeAndAfter) {
  Segments segments = Segments::open(data_);
  FreeSpace space(data_, 0);
  for (uint32_t rows : {100, 1, 2048, 7, 50}) add(segments, rows);
  Merger merger({2, 2, 256 * kMiB}, segments, space, clock_);
  EXPECT_EQ(merger.merge_all(), 3u);  // 4 of level 0 -> 2 of level 1 -> 1 of level 2
  auto live = segments.live();
  ASSERT_EQ(live.size(), 2u);
  expect_files_as_listed(2206);
  real_ns_ = kOver;
  EXPECT_EQ(merger.merge_all(), 1u);
  expect_files_as_listed(2206);
  ASSERT_EQ(segments.live().size(), 1u);
  EXPECT_EQ(segments.live()[0].level, 2);
  EXPECT_EQ(segments.live()[0].figures.received.min_ns, kHour * kHourNs + 5'000'000'000);
  EXPECT_EQ(merger.figures().merged_segments, 8u);
}

TEST_F(MergerTest, ADamagedSegmentIsLoggedOnceAndLeftUnchanged) {
  Segments segments = Segments::open(data_);
  FreeSpace space(data_, 0);
  for (uint32_t rows : {10, 20, 30}) add(segments, rows);
  const std::string damaged = segments.file(segments.live()[1].path);
  std::filesystem::resize_file(damaged, 40);
  Merger merger({2, 0, 256 * kMiB}, segments, space, clock_);
  testing::internal::CaptureStderr();
  merger.merge_all();
  real_ns_ = kOver;
  merger.merge_all();
  std::string log = testing::internal::GetCapturedStderr();
  size_t named = log.find(damaged);
  ASSERT_NE(named, std::string::npos) << log;
  EXPECT_EQ(log.find(damaged, named + 1), std::string::npos) << log;
  auto live = segments.live();
  ASSERT_EQ(live.size(), 2u);
  EXPECT_EQ(live[0].figures.rows, 20u);
  EXPECT_EQ(live[1].figures.rows, 40u);
  EXPECT_EQ(files().size(), 2u);
}

// A lack of permission or a disk error says nothing about the file's content, and may be temporary.
TEST_F(MergerTest, AnUnreadableSegmentIsNotTreatedAsDamaged) {
  Segments segments = Segments::open(data_);
  FreeSpace space(data_, 0);
  for (uint32_t rows : {10, 20, 30, 40}) add(segments, rows);
  const std::string unreadable = segments.file(segments.live()[1].path);
  std::filesystem::rename(unreadable, unreadable + "x");
  std::filesystem::create_symlink(unreadable, unreadable);
  Merger merger({2, 0, 256 * kMiB}, segments, space, clock_);
  testing::internal::CaptureStderr();
  merger.merge_all();
  std::string log = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(log.contains(unreadable + " cannot be read")) << log;
  EXPECT_FALSE(log.contains("damaged") || log.contains("left as it is")) << log;
  EXPECT_EQ(segments.live().size(), 3u);  // the others were merged
  std::filesystem::rename(unreadable + "x", unreadable);
  Merger later({2, 0, 256 * kMiB}, segments, space, clock_);  // a later attempt, as after a minute
  real_ns_ = kOver;
  later.merge_all();
  EXPECT_EQ(segments.live().size(), 1u);
  expect_files_as_listed(100);
}

TEST_F(MergerTest, WithoutFreeSpaceNothingIsMerged) {
  Segments segments = Segments::open(data_);
  FreeSpace space(data_, INT64_MAX);
  add(segments, 10);
  add(segments, 20);
  Merger merger({2, 2, 256 * kMiB}, segments, space, clock_);
  EXPECT_EQ(merger.merge_all(), 0u);
  expect_files_as_listed(30);
}

TEST_F(MergerTest, AMergeWithoutFreeSpaceDoesNotBlockOthers) {
  Segments segments = Segments::open(data_);
  std::string error;
  for (int i = 0; i < 2; ++i) {
    Segment large = write(segments, 10, kHour - 5);
    large.figures.bytes = 10 * kMiB;  // the size in the list only
    ASSERT_EQ(segments.change({large}, {}, {}, error), Change::done) << error;
  }
  add(segments, 20);
  add(segments, 30);
  std::optional<FreeSpace> space;
  uint64_t floor = 0;
  do {  // others write to this disk, too
    floor = os::space_at(data_).free - kMiB;
    space.emplace(data_, static_cast<int64_t>(floor));
  } while (space->free_bytes() != floor + kMiB);
  Merger merger({2, 2, 256 * kMiB}, segments, *space, clock_);
  EXPECT_EQ(merger.merge_all(), 1u);
  auto live = segments.live();
  ASSERT_EQ(live.size(), 3u);
  EXPECT_EQ(live[2].figures.rows, 50u);
}

TEST_F(MergerTest, WhileTheClockIsHeldNoHourIsOverButFlushesAreMerged) {
  Segments segments = Segments::open(data_);
  FreeSpace space(data_, 0);
  for (uint32_t rows : {100, 1, 7}) add(segments, rows);
  clock_.start_from(segments.yardstick_ns());
  Merger merger({2, 0, 256 * kMiB}, segments, space, clock_);
  real_ns_ = kOver + 1'000 * 24 * kHourNs;
  testing::internal::CaptureStderr();
  EXPECT_EQ(merger.merge_all(), 1u);
  EXPECT_EQ(segments.live().size(), 2u);
  real_ns_ = kOver;  // the clock is correct again
  EXPECT_EQ(merger.merge_all(), 1u);
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(segments.live().size(), 1u);
  EXPECT_EQ(segments.live()[0].yardstick_ns, kHour * kHourNs + 5'000'000'000);
}

TEST_F(MergerTest, WorksInTheBackgroundWhileOthersAdd) {
  Segments segments = Segments::open(data_);
  FreeSpace space(data_, 0);
  Merger merger({2, 2, 256 * kMiB}, segments, space, clock_);
  merger.start();
  uint64_t rows = 0, merged = 0;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 10; ++i, rows += 3) add(segments, 3);
    EXPECT_TRUE(eventually([&] { return merger.figures().merged_segments > merged; }));
    merged = merger.figures().merged_segments;
  }
  merger.stop();
  expect_files_as_listed(rows);
}

}  // namespace
}  // namespace weir
