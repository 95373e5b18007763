// SPDX-License-Identifier: Apache-2.0
// A test fixture with a data directory, and segments written into it.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "flow/batch.h"
#include "os/clock.h"
#include "os/folder.h"
#include "run/receive_clock.h"
#include "store/partition.h"
#include "store/segments.h"

namespace weir {

class StoreTest : public testing::Test {
 protected:
  // 2026-11-21T12:00:00Z (date -u -d @1795262400), as hours since 1970.
  static constexpr int64_t kHour = 498'684;

  void SetUp() override {
    std::string pattern = testing::TempDir() + "weir_store_XXXXXX";
    data_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(data_); }

  // `rows` flows received in that hour, each with one byte more than the previous one.
  static void fill(FlowBatch& batch, uint32_t rows, int64_t hour, uint32_t entry = 0) {
    weir::Run& run = batch.append_run(rows);
    run.type = FlowType::netflow9;
    run.exporter = IpAddress::v4(0xc0000201);
    run.received_ns = hour * kHourNs + 5'000'000'000;
    run.entry = entry;
    run.mask.set(Field::bytes);
    run.mask.set(Field::src_addr);
    for (uint32_t row = run.first_row; row < run.first_row + rows; ++row) {
      batch.column<uint64_t>(Field::bytes)[row] = row + 1;
      batch.column<IpAddress>(Field::src_addr)[row] = IpAddress::v4(0x0a000000 + row);
    }
  }

  // Step 1 of a change: the finished file, still called .tmp.
  static Segment write(Segments& segments, uint32_t rows, int64_t hour = kHour, int level = 0) {
    int error = 0;
    Segment segment;
    segment.path = segments.new_path(hour, error);
    EXPECT_EQ(error, 0);
    segment.level = level;
    segment.hour = hour;
    SegmentWriter writer(segments.file(segment.path));
    FlowBatch batch;
    for (uint32_t left = rows; left > 0;) {
      batch.clear();
      uint32_t now = std::min(left, FlowBatch::capacity());
      fill(batch, now, hour);
      EXPECT_EQ(writer.add(batch, batch.runs()), 0);
      left -= now;
    }
    EXPECT_EQ(writer.finish(segment.figures), 0);
    segment.yardstick_ns = segment.figures.received.max_ns;
    return segment;
  }
  static int64_t add(Segments& segments, uint32_t rows, int64_t hour = kHour, int level = 0) {
    Segment segment = write(segments, rows, hour, level);
    std::string error;
    EXPECT_EQ(segments.change({segment}, {}, {}, error), Change::done) << error;
    for (const Segment& live : segments.live())
      if (live.path == segment.path) return live.id;
    ADD_FAILURE() << segment.path << " is not listed";
    return 0;
  }

  // Runs SQL on a connection other than the store's.
  void sql(const std::string& text) const {
    sqlite3* connection = nullptr;
    ASSERT_EQ(sqlite3_open((data_ + "/catalog.db").c_str(), &connection), SQLITE_OK);
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(connection, text.c_str(), nullptr, nullptr, &error), SQLITE_OK) << (error ? error : "");
    sqlite3_free(error);
    sqlite3_close(connection);
  }
  int64_t number(const std::string& text) const {
    sqlite3* connection = nullptr;
    sqlite3_open((data_ + "/catalog.db").c_str(), &connection);
    int64_t value = -1;
    auto first = [](void* out, int, char** values, char**) {
      *static_cast<int64_t*>(out) = std::atoll(values[0] ? values[0] : "0");
      return 0;
    };
    sqlite3_exec(connection, text.c_str(), first, &value, nullptr);
    sqlite3_close(connection);
    return value;
  }
  std::set<std::string> files() const {
    std::set<std::string> found;
    for (const std::string& path : os::files_below(data_ + "/flows")) found.insert(path.substr(data_.size() + 1));
    return found;
  }
  // Checks that every listed segment is a complete Parquet file under its final name, and that there is no other file.
  void expect_files_as_listed(uint64_t rows) const {
    std::set<std::string> listed;
    uint64_t sum = 0;
    for (const Segment& segment : Segments::read(data_)) {
      listed.insert(segment.path);
      sum += segment.figures.rows;
      std::ifstream in(data_ + "/" + segment.path, std::ios::binary);
      std::string bytes(std::istreambuf_iterator<char>(in), {});
      EXPECT_EQ(bytes.size(), segment.figures.bytes) << segment.path;
      EXPECT_TRUE(bytes.starts_with("PAR1") && bytes.ends_with("PAR1")) << segment.path;
    }
    EXPECT_EQ(listed, files());
    EXPECT_EQ(sum, rows);
  }

  static bool eventually(const std::function<bool()>& condition) {
    const int64_t until = os::monotonic_ns() + 60'000'000'000;
    while (os::monotonic_ns() < until) {
      if (condition()) return true;
      os::sleep_ns(2'000'000);
    }
    return false;
  }

  std::string data_;
  // The time that the store's clocks return. They stand still unless a test sets them.
  std::atomic<int64_t> real_ns_{kHour * kHourNs + 1}, steady_ns_{1'000 * kHourNs};
  ReceiveClock clock_{0, [this] { return ReceiveClock::Times{real_ns_, steady_ns_}; }};
};

}  // namespace weir
