// SPDX-License-Identifier: Apache-2.0
#include "query/flow_list.h"

#include <algorithm>
#include <fstream>

#include "query/testing/store_fixture.h"

namespace weir {
namespace {

constexpr int64_t kNoonMs = 1'795'262'400'000;  // 2026-11-21 12:00 UTC
constexpr int kSegments = 11, kRowsEach = 20;

// Segment s has a row in each of the seconds 10 s to 10 s + 19, so that it shares half of its time with the next one.
// `bytes` is a number of its own for each row.
class FlowListTest : public StoreFixture {
 protected:
  // Returns the path of the oldest segment.
  std::string fill() {
    std::string oldest;
    for (int s = 0; s < kSegments; ++s) {
      const int64_t first_ms = kNoonMs + s * 10'000;
      const std::string path = add_segment(
          "SELECT make_timestamp((" + std::to_string(first_ms) + " + 1000 * range) * 1000)::TIMESTAMP_MS AS " +
              "time_received, (" + std::to_string(s * kRowsEach) + " + range)::UBIGINT AS bytes, " +
              (s == 0 ? "'192.0.2.7'" : "'10.0.0.' || range") + " AS src_addr FROM range(" + std::to_string(kRowsEach) +
              ")",
          {.rows = kRowsEach,
           .received = {first_ms * 1'000'000, (first_ms + 1000 * (kRowsEach - 1)) * 1'000'000},
           .start = {1, 0},
           .end = {1, 0}});
      if (s == 0) oldest = path;
    }
    return oldest;
  }

  // The list as lines of CSV, and how many parts it took.
  std::vector<std::string> list(uint64_t count, const std::string& where = "", const TimeRange& range = {}) {
    FlowQuery opened({.data = data_, .range = range, .where = where});
    FlowListRequest request{.fields = {"time_received", "bytes"}, .sort = {}, .count = count};
    FlowQuery::NextPart next = newest_flows(request, opened.segment_starts());
    parts_ = 0;
    std::vector<std::string> lines;
    FlowQuery::Consumer consumer{.begin = [&](const auto&) { lines.clear(); },
                                 .rows =
                                     [&](const auto& columns, size_t rows) {
                                       for (size_t row = 0; row < rows; ++row) {
                                         std::string& line = lines.emplace_back();
                                         columns[0].append(line, row, SqlStyle::csv);
                                         columns[1].append(line += ',', row, SqlStyle::csv);
                                       }
                                     },
                                 .can_restart = [&] { return can_restart_ || lines.empty(); },
                                 .after_part = [&] { ++parts_; }};
    opened.run_parts(next, consumer, false);
    problems_ = opened.problems().size();
    return lines;
  }

  int parts_ = 0;
  size_t problems_ = 0;
  bool can_restart_ = true;
};

// All rows in the order of their times, newest first.
std::vector<std::string> times_only(std::vector<std::string> lines) {
  for (std::string& line : lines) line.resize(line.find(','));
  return lines;
}

TEST_F(FlowListTest, NewestFirstAndEveryRowOnce) {
  fill();
  std::vector<std::string> all = list(1000), sorted = all;
  EXPECT_EQ(all.size(), size_t{kSegments * kRowsEach});
  EXPECT_TRUE(std::ranges::is_sorted(times_only(all), std::greater()));
  std::ranges::sort(sorted);
  EXPECT_EQ(std::ranges::unique(sorted).begin(), sorted.end()) << "a row was listed twice";
  for (uint64_t count : {1, 10, 11, 20, 39, 40, 41, 75, 219, 220, 221}) {
    std::vector<std::string> some = list(count), expected = times_only(all);
    expected.resize(std::min<size_t>(count, expected.size()));
    EXPECT_EQ(times_only(some), expected) << count;
  }
}

TEST_F(FlowListTest, ReadsOlderSegmentsOnlyIfRowsAreMissing) {
  fill();
  list(10);
  EXPECT_EQ(parts_, 1);
  EXPECT_EQ(list(1000, "src ip 192.0.2.7").size(), size_t{kRowsEach}) << "of the oldest segment";
  EXPECT_LE(parts_, 2) << "ranges without such flows are no parts";
  list(1000);
  EXPECT_EQ(parts_, 4) << "1, 2, 4 and the remaining segments";
}

TEST_F(FlowListTest, ATimeRangeCutsIt) {
  fill();
  auto at = [](int second) { return (kNoonMs + second * 1000) * 1'000'000; };
  EXPECT_EQ(list(1000, "", {.since_ns = at(5), .until_ns = at(15)}).size(), 10u + 5u);
  EXPECT_EQ(list(3, "", {.since_ns = at(5), .until_ns = at(15)}).front().substr(0, 19), "2026-11-21T12:00:14");
}

TEST_F(FlowListTest, MoreTimesThanAListHolds) {
  add_segment(
      "SELECT make_timestamp((" + std::to_string(kNoonMs) +
          " + range) * 1000)::TIMESTAMP_MS AS time_received, range::UBIGINT AS bytes FROM range(1000)",
      {.rows = 1000, .received = {kNoonMs * 1'000'000, (kNoonMs + 999) * 1'000'000}, .start = {1, 0}, .end = {1, 0}});
  const std::vector<std::string> lines = list(500);
  EXPECT_EQ(lines.size(), 500u);
  EXPECT_EQ(lines.back(), "2026-11-21T12:00:00.500Z,500");
}

TEST_F(FlowListTest, WithoutRowsThereAreColumns) {
  Segments::open(data_);
  bool begun = false;
  FlowQuery empty = query();
  FlowListRequest request{.fields = {"bytes", "src_addr"}, .sort = {}};
  FlowQuery::Consumer consumer{.begin = [&](const auto& columns) { begun = columns.size() == 2; },
                               .rows = [](const auto&, size_t rows) { EXPECT_EQ(rows, 0u); },
                               .can_restart = [] { return true; }};
  empty.run_parts(newest_flows(request, empty.segment_starts()), consumer, false);
  EXPECT_TRUE(begun);
  fill();
  EXPECT_TRUE(list(10, "src ip 203.0.113.1").empty());
}

// When rows of newer segments have been written, older ones can still be left out.
TEST_F(FlowListTest, ADamagedOlderSegmentIsLeftOut) {
  const std::string oldest = fill();
  std::fstream bytes(oldest, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(4);  // after the magic: pages, not the footer
  bytes << std::string(300, 'x');
  bytes.close();
  can_restart_ = false;
  const std::vector<std::string> lines = list(1000);
  EXPECT_EQ(lines.size(), size_t{(kSegments - 1) * kRowsEach});
  EXPECT_TRUE(std::ranges::is_sorted(times_only(lines), std::greater()));
  EXPECT_EQ(problems_, 1u);
}

}  // namespace
}  // namespace weir
