// SPDX-License-Identifier: Apache-2.0
#include "collect/ledger_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace weir {
namespace {

using Lines = std::vector<std::string>;

// Whether there is exactly one line and it contains `part`.
testing::AssertionResult is_one(const Lines& lines, const std::string& part) {
  if (lines.size() == 1 && lines[0].find(part) != std::string::npos) return testing::AssertionSuccess();
  testing::AssertionResult result = testing::AssertionFailure() << "not one line with \"" << part << "\":";
  for (const std::string& line : lines) result << "\n  " << line;
  return result;
}

LedgerKey key(uint32_t n, Protocol protocol = Protocol::netflow9) {
  return {IpAddress::v4(0xc0000200 + n), protocol, 0};
}

struct Watched {
  explicit Watched(size_t rows = 1'000) : ledger(0, rows) {}
  void begin() {
    watch.emplace(ledger, [this](LedgerWatch::Weight, const std::string& line) { lines.push_back(line); });
  }
  // What is logged until then, with one look a second.
  std::vector<std::string> until(int64_t second) {
    lines.clear();
    while (now < second) watch->look(++now);
    return lines;
  }
  LedgerEntry& sends(uint32_t n, int64_t datagrams = 1) {
    LedgerEntry& entry = ledger.entry(key(n));
    entry.records.add(datagrams);
    entry.stored.add(datagrams);
    entry.datagrams.add(datagrams);
    return entry;
  }
  Ledger ledger;
  std::optional<LedgerWatch> watch;
  std::vector<std::string> lines;
  int64_t now = 0;
};

TEST(LedgerWatch, WhatTheLedgerContainsAtTheStartIsNotNews) {
  Watched w;
  LedgerEntry& entry = w.sends(1, 100);
  entry.sequence_lost.add(7);
  entry.count(Malformed::short_set);
  entry.count(Refused::templates_full);
  w.ledger.add_socket("netflow://:2055", 0, 1).kernel_drops.add(5);
  w.begin();
  EXPECT_EQ(w.until(300), Lines{});
}

TEST(LedgerWatch, ANewExporterIsLoggedOnce) {
  Watched w;
  w.begin();
  w.sends(1);
  EXPECT_EQ(w.until(2), Lines{"new exporter 192.0.2.1 (v9)"});
  w.sends(1);
  EXPECT_EQ(w.until(10), Lines{});
}

TEST(LedgerWatch, AFloodOfExportersMakesFewLinesAMinute) {
  Watched w;
  w.begin();
  for (uint32_t n = 0; n < 500; ++n) w.sends(n);
  std::vector<std::string> lines = w.until(120);
  ASSERT_EQ(lines.size(), 11u);
  EXPECT_EQ(lines.back().find("490 more new exporters"), 0u) << lines.back();
  w.sends(600);
  EXPECT_EQ(w.until(130), Lines{"new exporter 192.0.4.88 (v9)"});
}

TEST(LedgerWatch, LossBeginsAndEnds) {
  Watched w;
  w.begin();
  LedgerEntry& entry = w.sends(1);
  w.until(5);
  entry.sequence_lost.add(1'200);
  EXPECT_TRUE(is_one(w.until(7), "192.0.2.1 (v9): loss begins, 1,200 datagrams"));
  for (int64_t second = 8; second < 28; ++second) {
    entry.sequence_lost.add(10);
    EXPECT_EQ(w.until(second), Lines{});
  }
  EXPECT_EQ(w.until(200), Lines{"192.0.2.1 (v9): loss has ended, 1,400 datagrams in 22 s"});
}

// It has arrived by the next look.
TEST(LedgerWatch, LateDatagramsAreNotLoss) {
  Watched w;
  w.begin();
  LedgerEntry& entry = w.sends(1);
  w.until(1);
  for (int64_t second = 2; second < 50; second += 2) {
    entry.sequence_lost.add(5);
    EXPECT_EQ(w.until(second), Lines{});
    entry.sequence_lost.add(-5);
    EXPECT_EQ(w.until(second + 1), Lines{});
  }
}

TEST(LedgerWatch, ReasonsAreSummedOverAMinuteAndNameTheWorst) {
  Watched w;
  w.begin();
  for (uint32_t n = 1; n <= 3; ++n)
    for (uint32_t count = 0; count < n * 500; ++count) w.sends(n).count(Malformed::short_set);
  w.sends(1).count(Refused::templates_full, 9);
  w.until(1);
  for (const char* line : {"malformed input: short_set 3,000; most from 192.0.2.3 (v9)",
                           "refused: templates_full 9; most from 192.0.2.1 (v9)"})
    EXPECT_EQ(std::ranges::count(w.lines, line), 1) << line;
  size_t lines = 0;
  for (int64_t second = 2; second <= 181; ++second) {
    w.sends(1).count(Malformed::scope);
    lines += w.until(second).size();
  }
  EXPECT_EQ(lines, 3u);
  EXPECT_EQ(w.lines, Lines{"malformed input: scope 60; most from 192.0.2.1 (v9)"});
}

TEST(LedgerWatch, AnExporterGoesSilentAndSendsAgain) {
  Watched w;
  w.begin();
  std::vector<std::string> lines;
  for (int64_t second = 0; second < 120; ++second) w.sends(1), w.until(second);
  EXPECT_EQ(w.until(178), Lines{});
  EXPECT_EQ(w.until(200), Lines{"192.0.2.1 (v9) has sent nothing for 60 s"});
  EXPECT_EQ(w.until(400), Lines{});
  w.sends(1);
  EXPECT_TRUE(is_one(w.until(402), "192.0.2.1 (v9) sends again, after 4 min of silence"));
}

TEST(LedgerWatch, AnExporterThatSendsRarelyIsNotSilent) {
  Watched w;
  w.begin();
  w.sends(1);
  w.until(1);
  for (int64_t second = 1; second < 1'200; second += 50) {
    w.sends(1);
    EXPECT_EQ(w.until(second), Lines{});
  }
  EXPECT_EQ(w.until(1'500), Lines{});
  EXPECT_EQ(w.until(1'900).size(), 1u);
}

TEST(LedgerWatch, KernelDropsBeginAndEnd) {
  Watched w;
  SocketCounts& socket = w.ledger.add_socket("netflow://:2055", 0, 1);
  w.begin();
  socket.kernel_drops.add(1'500);
  EXPECT_TRUE(is_one(w.until(1), "begins to drop datagrams (1,500)"));
  socket.kernel_drops.add(500);
  EXPECT_EQ(w.until(200), Lines{"netflow://:2055: the kernel drops no more, after 2,000 datagrams in 2 s"});
}

// Entries are removed and reused by other exporters: counts never go backwards, and nothing is logged twice.
TEST(LedgerWatch, RemovedEntriesAreNotNews) {
  Watched w(64);
  w.begin();
  int64_t said = 0;
  for (uint32_t n = 0; n < 1'000; ++n) {
    w.sends(n).count(Malformed::short_set);
    for (const std::string& line : w.until(n + 1)) {
      const size_t at = line.find("short_set ");
      if (at == std::string::npos) continue;
      said += std::stoll(line.substr(at + 10));
      EXPECT_EQ(line.find('-'), std::string::npos) << line;
    }
  }
  for (const std::string& line : w.until(1'200))
    if (const size_t at = line.find("short_set "); at != std::string::npos) said += std::stoll(line.substr(at + 10));
  EXPECT_EQ(said, 1'000);
}

}  // namespace
}  // namespace weir
