// SPDX-License-Identifier: Apache-2.0
#include "sink/file_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "format/testing/sample_flows.h"

namespace weir {
namespace {

bool eventually(const std::function<bool()>& condition) {
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);  // limits the wait
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}
// Whether a named pipe is full.
bool is_full(const std::string& path) {
  int writer = ::open(path.c_str(), O_WRONLY | O_NONBLOCK);
  pollfd wait{writer, POLLOUT, 0};
  const bool full = writer >= 0 && ::poll(&wait, 1, 0) == 0;
  ::close(writer);
  return full;
}
size_t lines_in(const std::string& text) { return static_cast<size_t>(std::count(text.begin(), text.end(), '\n')); }

// Checks that every line is a complete object with a time; there are no empty lines.
void expect_whole_json_lines(const std::string& text) {
  ASSERT_TRUE(text.empty() || text.ends_with('\n'));
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    auto object = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(object.is_object()) << line;
    ASSERT_TRUE(object.contains("time_received_ns")) << line;
  }
}

class FileOutputTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "weir_file_output_XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  BatchRef batch(uint32_t rows, uint32_t seed = 1) {
    auto batch = pool_.take();
    uint32_t entry = ledger_.entry({IpAddress::v4(0x0a010203), Protocol::netflow9, 256}).index;
    fill_with_router_flows(*batch, rows, seed, entry);
    return pool_.publish(std::move(batch));
  }
  LedgerRow entry() const { return ledger_.rows().entries.at(0); }
  std::string path(const char* name = "flows") const { return folder_ + "/" + name; }
  static uint64_t dropped(const OutputStats& stats, OutputError reason) {
    return stats.dropped_records[static_cast<size_t>(reason)];
  }

  std::string folder_;
  BatchPool pool_;
  Ledger ledger_{0};
  OutputCounts& entry_ = ledger_.add_output("file");
};

TEST_F(FileOutputTest, WritesEveryRecordAndCountsItAsStored) {
  FileOutput output({.path = path()}, entry_);
  output.start();
  for (uint32_t i = 0; i < 5; ++i) output.offer(batch(1000, i));
  output.stop();
  std::string text = read_text(path());
  EXPECT_EQ(lines_in(text), 5000u);
  expect_whole_json_lines(text);
  EXPECT_EQ(entry().stored, 5000);
  EXPECT_EQ(entry().sink_dropped, 0);
  EXPECT_EQ(output.stats().sent_records, 5000u);
  EXPECT_EQ(output.stats().sent_bytes, text.size());
}

TEST_F(FileOutputTest, BesideAnotherOutputItCountsOnlyItsOwnRecords) {
  OutputCounts& second = ledger_.add_output("second");
  FileOutput output({.path = path(), .queue_batches = 1}, second);
  output.offer(batch(10));
  output.offer(batch(20));  // the queue is full
  output.stop();
  EXPECT_EQ(lines_in(read_text(path())), 10u);
  EXPECT_EQ(output.stats().sent_records, 10u);
  EXPECT_EQ(dropped(output.stats(), OutputError::queue_full), 20u);
  EXPECT_EQ(entry().stored, 0);
  EXPECT_EQ(entry().sink_dropped, 0);
  const DeliveryCounts counts = ledger_.rows().outputs.at(1).counts.at(0);
  EXPECT_EQ(counts.acknowledged(), 10);
  EXPECT_EQ(counts.dropped(OutputError::queue_full), 20);
  EXPECT_EQ(counts.settled(), 30);
}

TEST_F(FileOutputTest, CounterSamplesAreFiltered) {
  FileOutput output({.path = path()}, entry_);
  const uint32_t exporter = ledger_.entry({IpAddress::v4(0x0a010203), Protocol::sflow5, 0}).index;
  CounterSample sample;
  sample.entry = exporter;
  output.offer(std::make_shared<const CounterBatch>(3, sample));
  output.stop();
  EXPECT_EQ(ledger_.rows().outputs.at(0).counts.at(0).of[kCountersFiltered], 3);
  EXPECT_EQ(entry().counters_filtered, 3);
  EXPECT_EQ(read_text(path()), "");
}

TEST_F(FileOutputTest, ARecordOnAQuietStreamIsWrittenAtOnce) {
  FileOutput output({.path = path()}, entry_);
  output.start();
  output.offer(batch(1));
  EXPECT_TRUE(eventually([&] { return lines_in(read_text(path())) == 1; }));
  EXPECT_TRUE(eventually([&] { return entry().stored == 1; }));
}

TEST_F(FileOutputTest, AppendsAndWritesTheCsvHeaderOnce) {
  for (int i = 0; i < 2; ++i) {
    FileOutput output({.path = path(), .format = RecordFormat::csv, .fields = {Field::proto, Field::dst_port}}, entry_);
    output.start();
    output.offer(batch(1));
    output.stop();
  }
  std::string text = read_text(path());
  EXPECT_EQ(lines_in(text), 3u);
  EXPECT_TRUE(text.starts_with("proto,dst_port\n"));
  EXPECT_EQ(text.find("proto", 1), text.npos);
}

TEST_F(FileOutputTest, CsvHeaderIsWrittenBeforeAnyFlow) {
  FileOutput output({.path = path(), .format = RecordFormat::csv, .fields = {Field::proto}}, entry_);
  output.start();
  EXPECT_TRUE(eventually([&] { return read_text(path()) == "proto\n"; }));
}

TEST_F(FileOutputTest, NothingIsAppendedToAnIncompleteLineLeftByACrash) {
  std::ofstream(path()) << "{\"time_received_ns\":1}\n{\"half\":";
  FileOutput output({.path = path()}, entry_);
  output.start();
  output.offer(batch(2));
  output.stop();
  std::string text = read_text(path());
  EXPECT_TRUE(text.starts_with("{\"time_received_ns\":1}\n{\"half\":\n{\"type\":"));
  EXPECT_EQ(lines_in(text), 4u);
}

TEST_F(FileOutputTest, ReopensAfterTheFileWasMoved) {
  FileOutput output({.path = path(), .format = RecordFormat::csv}, entry_);
  output.start();
  output.offer(batch(10));
  ASSERT_TRUE(eventually([&] { return lines_in(read_text(path())) == 11; }));
  std::filesystem::rename(path(), path("flows.1"));
  output.reopen();
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(path()); }));
  output.offer(batch(20));
  output.stop();
  EXPECT_EQ(lines_in(read_text(path("flows.1"))), 11u);
  EXPECT_EQ(lines_in(read_text(path())), 21u);
  EXPECT_TRUE(read_text(path()).starts_with("type,"));
}

TEST_F(FileOutputTest, FullDeviceDropsUnderItsOwnReasonOnly) {
  FileOutput output({.path = "/dev/full"}, entry_);
  output.start();
  output.offer(batch(100));
  output.stop();
  EXPECT_EQ(entry().stored, 0);
  EXPECT_EQ(entry().sink_dropped, 100);
  EXPECT_EQ(dropped(output.stats(), OutputError::no_space), 100u);
  EXPECT_FALSE(output.broken());
}

// Fills the available space, checks that only whole records were written and that the counts agree; then frees space
// and checks that writing continues.
void expect_recovery(FileOutput& output, RecordFormat format, const std::string& path,
                     const std::function<void()>& offer, const std::function<LedgerRow()>& entry,
                     const std::function<void()>& free_space) {
  for (int i = 0; i < 10; ++i) {
    offer();
    ASSERT_TRUE(eventually([&] { return entry().stored + entry().sink_dropped == 100 * (i + 1); }));
  }
  std::string text = read_text(path);
  WholeRecords whole = count_whole_records(format, text);
  EXPECT_EQ(whole.bytes, text.size()) << "a cut record is left";
  EXPECT_EQ(static_cast<int64_t>(whole.records), entry().stored);
  EXPECT_GT(entry().stored, 0);
  EXPECT_GT(entry().sink_dropped, 0);
  free_space();
  offer();
  output.stop();
  text = read_text(path);
  EXPECT_EQ(count_whole_records(format, text).bytes, text.size());
  EXPECT_EQ(static_cast<int64_t>(count_whole_records(format, text).records), entry().stored);
  EXPECT_EQ(entry().stored + entry().sink_dropped, 1100);
  if (format == RecordFormat::json) expect_whole_json_lines(text);
}

class FullFileTest : public FileOutputTest, public testing::WithParamInterface<RecordFormat> {};
INSTANTIATE_TEST_SUITE_P(Formats, FullFileTest, testing::Values(RecordFormat::json, RecordFormat::protobuf));

// A file size limit makes the kernel accept part of a write and refuse the rest, as a full disk does.
TEST_P(FullFileTest, FileSizeLimitLeavesNoHalfRecord) {
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 40'001;  // within a record of either format
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  FileOutput output({.path = path(), .format = GetParam()}, entry_);
  output.start();
  expect_recovery(
      output, GetParam(), path(), [&] { output.offer(batch(100)); }, [&] { return entry(); },
      [&] { ::setrlimit(RLIMIT_FSIZE, &before); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_GT(dropped(output.stats(), OutputError::file_too_large), 0u);
  EXPECT_EQ(output.stats().sent_bytes, read_text(path()).size());
}

TEST_P(FullFileTest, FullDiskLeavesNoHalfRecordAndIsWrittenToAgainOnceItHasSpace) {
  std::string disk = path("disk");
  ASSERT_EQ(::mkdir(disk.c_str(), 0700), 0);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=64k") != 0)
    GTEST_SKIP() << "NOT RUN: a small disk cannot be mounted here (needs root)";
  std::ofstream(disk + "/filler") << std::string(16'384, 'x');
  {
    FileOutput output({.path = disk + "/flows", .format = GetParam()}, entry_);
    output.start();
    expect_recovery(
        output, GetParam(), disk + "/flows", [&] { output.offer(batch(100)); }, [&] { return entry(); },
        [&] { std::filesystem::remove(disk + "/filler"); });
    EXPECT_GT(dropped(output.stats(), OutputError::no_space), 0u);
  }
  EXPECT_EQ(::umount(disk.c_str()), 0);
}

TEST_F(FileOutputTest, CsvHeaderThatDidNotFitIsWrittenWithTheFirstRecords) {
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 5;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  FileOutput output({.path = path(), .format = RecordFormat::csv, .fields = {Field::dst_port}}, entry_);
  output.start();
  output.offer(batch(3));
  EXPECT_TRUE(eventually([&] { return entry().sink_dropped == 3; }));
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(read_text(path()), "");
  output.offer(batch(2));
  output.stop();
  EXPECT_EQ(read_text(path()), "dst_port\n443\n443\n");
}

TEST_F(FileOutputTest, ClosedPipeIsReportedAndCounted) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  int reader = ::open(path().c_str(), O_RDONLY | O_NONBLOCK);
  FileOutput output({.path = path()}, entry_);
  output.start();
  EXPECT_FALSE(output.broken());
  ::close(reader);
  output.offer(batch(50));
  EXPECT_TRUE(eventually([&] { return entry().sink_dropped == 50; }));
  EXPECT_FALSE(output.broken());  // another reader may open it
  output.stop();
  EXPECT_EQ(dropped(output.stats(), OutputError::closed_pipe), 50u);
}

// The data that the pipe has accepted stays in it: the next reader must not find half a record followed by another.
TEST_F(FileOutputTest, NextReaderOfAPipeGetsTheRestOfTheBegunRecord) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  int first_reader = ::open(path().c_str(), O_RDONLY | O_NONBLOCK);
  FileOutput output({.path = path()}, entry_);
  output.start();
  output.offer(batch(500));  // more than the capacity of a pipe (64 KiB)
  ASSERT_TRUE(eventually([&] { return is_full(path()); }));
  ::close(first_reader);
  ASSERT_TRUE(eventually([&] { return entry().stored + entry().sink_dropped == 500; }));
  EXPECT_GT(entry().stored, 0);
  int reader = ::open(path().c_str(), O_RDONLY | O_NONBLOCK);
  std::string text(1 << 20, '\0');
  ssize_t n = ::read(reader, text.data(), text.size());
  ASSERT_GT(n, 0);
  EXPECT_NE(text[static_cast<size_t>(n) - 1], '\n') << "no record was cut: the test shows nothing";
  output.offer(batch(3));
  output.stop();
  ssize_t rest = ::read(reader, text.data() + n, text.size() - static_cast<size_t>(n));
  ASSERT_GT(rest, 0);
  text.resize(static_cast<size_t>(n + rest));
  expect_whole_json_lines(text);
  ::close(reader);
}

TEST_F(FileOutputTest, SlowReaderOfAPipeGetsEveryRecordWhole) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  int reader = ::open(path().c_str(), O_RDONLY | O_NONBLOCK);
  FileOutput output({.path = path()}, entry_);
  output.start();
  for (uint32_t i = 0; i < 20; ++i) output.offer(batch(100, i));
  std::string text;
  Worker slow("reader", [&](std::stop_token) {
    std::string part(30'000, '\0');
    for (ssize_t n; (n = ::read(reader, part.data(), part.size())) != 0;) {
      if (n > 0) text.append(part, 0, static_cast<size_t>(n));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (lines_in(text) == 2000) return;
    }
  });
  output.stop();
  slow.join();
  ::close(reader);
  EXPECT_EQ(lines_in(text), 2000u);
  expect_whole_json_lines(text);
  EXPECT_EQ(entry().stored, 2000);
}

TEST_F(FileOutputTest, StopDoesNotWaitForeverForAReaderThatReadsNothing) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  int reader = ::open(path().c_str(), O_RDONLY | O_NONBLOCK);
  FileOutput output({.path = path(), .stuck_pipe_ms = 200}, entry_);
  output.start();
  for (uint32_t i = 0; i < 20; ++i) output.offer(batch(1000, i));
  output.stop();  // returns
  EXPECT_EQ(entry().stored + entry().sink_dropped, 20'000);
  EXPECT_GT(entry().stored, 0);  // the capacity of the pipe itself
  EXPECT_GT(dropped(output.stats(), OutputError::stuck_pipe), 0u);
  ::close(reader);
}

TEST_F(FileOutputTest, StandardOutputThatIsAPipeKeepsItsFlags) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::fflush(stdout);
  int shell = ::dup(STDOUT_FILENO);
  ::dup2(ends[1], STDOUT_FILENO);
  FileOutput output({.path = "-", .fields = {Field::dst_port}}, entry_);
  EXPECT_EQ(::fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK, 0);
  ::dup2(shell, STDOUT_FILENO);
  ::close(shell);
  ::close(ends[1]);
  output.start();
  output.offer(batch(1));
  output.stop();
  char text[100];
  ssize_t n = ::read(ends[0], text, sizeof text);
  EXPECT_EQ(std::string(text, static_cast<size_t>(std::max<ssize_t>(n, 0))), "{\"dst_port\":443}\n");
  ::close(ends[0]);
}

TEST_F(FileOutputTest, PathsThatCannotBeWrittenToAreUsageErrorsThatNameThem) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  for (const std::string& bad : {folder_, path("missing/flows"), path("pipe")}) {
    try {
      FileOutput output({.path = bad}, entry_);
      ADD_FAILURE() << bad;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ExitCode::usage);
      EXPECT_NE(std::string(e.what()).find(bad), std::string::npos) << e.what();
    }
  }
}

TEST_F(FileOutputTest, FullQueueDropsAndTheCountsStillAddUp) {
  FileOutput output({.path = path(), .queue_batches = 2}, entry_);
  for (uint32_t i = 0; i < 5; ++i) output.offer(batch(10, i));  // not started: only two fit
  EXPECT_EQ(output.stats().queued_batches, 2u);
  EXPECT_EQ(entry().sink_dropped, 30);
  EXPECT_EQ(dropped(output.stats(), OutputError::queue_full), 30u);
  output.start();
  output.stop();
  output.offer(batch(7));
  EXPECT_EQ(entry().stored, 20);
  EXPECT_EQ(entry().sink_dropped, 37);
  EXPECT_EQ(dropped(output.stats(), OutputError::stopped), 7u);
}

TEST_F(FileOutputTest, ManyProducersLoseNothingUncounted) {
  constexpr int kProducers = 4, kBatches = 100, kRows = 50;
  FileOutput output({.path = path(), .queue_batches = 8}, entry_);
  output.start();
  {
    std::vector<std::unique_ptr<Worker>> producers;
    for (int p = 0; p < kProducers; ++p)
      producers.push_back(std::make_unique<Worker>("producer", [&](std::stop_token) {
        for (uint32_t i = 0; i < kBatches; ++i) {
          output.offer(batch(kRows, i));
          if (i % 10 == 0) output.reopen();
          output.stats();
        }
      }));
  }
  output.stop();
  std::string text = read_text(path());
  expect_whole_json_lines(text);
  EXPECT_EQ(static_cast<int64_t>(lines_in(text)), entry().stored);
  EXPECT_EQ(entry().stored + entry().sink_dropped, kProducers * kBatches * kRows);
}

}  // namespace
}  // namespace weir
