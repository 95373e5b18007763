// SPDX-License-Identifier: Apache-2.0
#include "store/segments.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <functional>
#include <thread>

#include "base/error.h"
#include "ledger/saved_ledger.h"
#include "os/file.h"
#include "store/testing/store_fixture.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

class SegmentsTest : public StoreTest {
 protected:
  static std::string error_of(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      return error.what();
    }
    return "";
  }
  static std::vector<std::string> paths(const std::vector<Segment>& segments) {
    std::vector<std::string> all;
    for (const Segment& segment : segments) all.push_back(segment.path);
    return all;
  }
};

TEST_F(SegmentsTest, AddedSegmentsAreListedWithTheirFigures) {
  Segments segments = Segments::open(data_);
  Segment segment = write(segments, 100);
  EXPECT_TRUE(Segments::read(data_).empty());
  std::string error;
  ASSERT_EQ(segments.change({segment}, {}, {}, error), Change::done) << error;
  std::vector<Segment> read = Segments::read(data_);
  ASSERT_EQ(read.size(), 1u);
  EXPECT_TRUE(read[0].path.starts_with("flows/day=2026-11-21/hour=12/")) << read[0].path;
  EXPECT_EQ(read[0].hour, kHour);
  EXPECT_EQ(read[0].figures.rows, 100u);
  EXPECT_EQ(read[0].figures.received.min_ns, 1'795'262'405'000'000'000);
  EXPECT_GT(read[0].figures.start.min_ns, read[0].figures.start.max_ns);  // no flow has a start time
  expect_files_as_listed(100);
}

TEST_F(SegmentsTest, AReplacementTakesEffectAtOnceAndLeavesOnlyTheNewFile) {
  Segments segments = Segments::open(data_);
  int64_t a = add(segments, 10), b = add(segments, 20);
  int64_t other = add(segments, 5, kHour + 1);
  Segment merged = write(segments, 30, kHour, 1);
  std::string error;
  ASSERT_EQ(segments.change({merged}, {a, b}, {}, error), Change::done) << error;
  expect_files_as_listed(35);
  auto live = segments.live();
  ASSERT_EQ(live.size(), 2u);
  EXPECT_EQ(live[0].path, merged.path);  // sorted by hour
  EXPECT_EQ(live[1].id, other);
  EXPECT_EQ(paths(live), paths(Segments::read(data_)));
}

TEST_F(SegmentsTest, ASegmentNoLongerListedCannotBeReplaced) {
  Segments segments = Segments::open(data_);
  int64_t a = add(segments, 10), b = add(segments, 20);
  std::string error;
  ASSERT_EQ(segments.change({}, {a}, {}, error), Change::done);
  Segment merged = write(segments, 30);
  EXPECT_EQ(segments.change({merged}, {a, b}, {}, error), Change::outdated);
  segments.give_up(merged.path);
  expect_files_as_listed(20);
}

// The ledger and the list have separate connections in one process, and POSIX releases all of a process's locks on a
// file when it closes any descriptor of it. Without the locks, the next program that closes the catalog removes its
// -wal, and everything listed after that is lost.
TEST_F(SegmentsTest, TheCatalogStaysLockedWhileItIsOpen) {
  SavedLedger catalog = SavedLedger::open(data_ + "/catalog.db");
  Segments segments = Segments::open(data_);
  add(segments, 10);
  os::File other(::open((data_ + "/catalog.db").c_str(), O_RDWR | O_CLOEXEC));
  // Its shared lock, at the offset that SQLite's file format defines. The lock is queried through an open file
  // description, as another process would.
  struct flock lock = {F_WRLCK, SEEK_SET, 0x40000002, 510, 0};
  ASSERT_EQ(::fcntl(other.fd(), F_OFD_GETLK, &lock), 0);
  EXPECT_EQ(lock.l_type, F_RDLCK);
}

TEST_F(SegmentsTest, NamesAreNeverUsedTwice) {
  std::set<std::string> names;
  size_t given = 0;
  for (int run = 0; run < 3; ++run) {
    Segments segments = Segments::open(data_);
    for (int i = 0; i < 100; ++i, ++given) {
      int error = 0;
      names.insert(segments.new_path(kHour, error));
    }
  }
  EXPECT_EQ(names.size(), given);
}

TEST_F(SegmentsTest, EmptyFoldersAreRemovedExceptOneThatAwaitsASegment) {
  Segments segments = Segments::open(data_);
  int64_t old = add(segments, 10, kHour - 48), old_too = add(segments, 10, kHour - 24);
  Segment coming = write(segments, 10, kHour - 24);
  std::string error;
  ASSERT_EQ(segments.change({}, {old, old_too}, {}, error), Change::done);
  EXPECT_FALSE(fs::exists(data_ + "/flows/day=2026-11-19"));
  EXPECT_TRUE(fs::exists(data_ + "/flows/day=2026-11-20/hour=12"));
  segments.give_up(coming.path);
  EXPECT_FALSE(fs::exists(data_ + "/flows/day=2026-11-20"));
}

// ---- The state after a crash, step by step (segments.h). A crash is simulated by closing the list and undoing the
// later steps by hand.

TEST_F(SegmentsTest, CrashBeforeListingKeepsTheOldAndLeavesNoTmpFile) {
  {
    Segments segments = Segments::open(data_);
    add(segments, 10);
    write(segments, 99);
    std::ofstream(segments.file(segments.live()[0].path) + "x.parquet.tmp") << "half";
  }
  ASSERT_EQ(files().size(), 3u);
  Segments segments = Segments::open(data_);
  expect_files_as_listed(10);
}

TEST_F(SegmentsTest, CrashBetweenListingAndRenaming) {
  std::string path;
  {
    Segments segments = Segments::open(data_);
    int64_t id = add(segments, 10);
    Segment merged = write(segments, 10, kHour, 1);
    path = data_ + "/" + merged.path;
    std::string old = data_ + "/" + segments.live()[0].path, error;
    fs::copy_file(old, data_ + "/kept");
    ASSERT_EQ(segments.change({merged}, {id}, {}, error), Change::done);
    // The state between steps 2 and 3.
    fs::rename(path, path + ".tmp");
    fs::rename(data_ + "/kept", old);
  }
  EXPECT_EQ(number("SELECT count(*) FROM retired"), 1);
  EXPECT_EQ(files().size(), 2u);
  Segments segments = Segments::open(data_);
  expect_files_as_listed(10);
  EXPECT_TRUE(fs::exists(path));
}

TEST_F(SegmentsTest, CrashBetweenRenamingAndUnlinking) {
  {
    Segments segments = Segments::open(data_);
    int64_t id = add(segments, 10);
    Segment merged = write(segments, 10, kHour, 1);
    std::string old = data_ + "/" + segments.live()[0].path, error;
    fs::copy_file(old, data_ + "/kept");
    ASSERT_EQ(segments.change({merged}, {id}, {}, error), Change::done);
    fs::rename(data_ + "/kept", old);
  }
  EXPECT_EQ(files().size(), 2u);
  Segments segments = Segments::open(data_);
  expect_files_as_listed(10);
  add(segments, 1);
  EXPECT_EQ(number("SELECT count(*) FROM retired"), 0);  // forgotten with the next change
}

TEST_F(SegmentsTest, CrashAfterUnlinkingIsForgotten) {
  {
    Segments segments = Segments::open(data_);
    int64_t id = add(segments, 10);
    std::string error;
    ASSERT_EQ(segments.change({}, {id}, {}, error), Change::done);
  }
  EXPECT_EQ(number("SELECT count(*) FROM retired"), 1);
  Segments segments = Segments::open(data_);
  add(segments, 3);
  EXPECT_EQ(number("SELECT count(*) FROM retired"), 0);
  expect_files_as_listed(3);
}

TEST_F(SegmentsTest, ALostCatalogRemovesNoFile) {
  std::string path;
  {
    Segments segments = Segments::open(data_);
    add(segments, 10);
    path = data_ + "/" + segments.live()[0].path;
  }
  for (const char* name : {"/catalog.db", "/catalog.db-wal", "/catalog.db-shm"}) fs::remove(data_ + name);
  testing::internal::CaptureStderr();
  Segments segments = Segments::open(data_);
  std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("1 files below"), std::string::npos) << log;
  EXPECT_TRUE(segments.live().empty());
  EXPECT_TRUE(fs::exists(path));
}

TEST_F(SegmentsTest, AMissingFileIsLoggedAndTheRestKeepsWorking) {
  std::string gone;
  {
    Segments segments = Segments::open(data_);
    add(segments, 10);
    add(segments, 20);
    gone = data_ + "/" + segments.live()[0].path;
  }
  fs::remove(gone);
  testing::internal::CaptureStderr();
  Segments segments = Segments::open(data_);
  std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find(gone), std::string::npos) << log;
  EXPECT_EQ(segments.live().size(), 2u);  // so that queries report that something is missing
  add(segments, 5);
}

TEST_F(SegmentsTest, StoredCountsAreAddedWithTheSegmentAndSurviveAnOlderSnapshot) {
  SavedLedger catalog = SavedLedger::open(data_ + "/catalog.db");
  Segments segments = Segments::open(data_);
  LedgerKey known{IpAddress::v4(0xc0000201), Protocol::netflow9, 7};
  LedgerKey fresh{IpAddress::v4(0xc0000202), Protocol::netflow5, 0};
  LedgerSnapshot before;
  before.since_ns = 1;
  before.entries.push_back({.key = known, .records = 50, .stored = 20});
  std::string error;
  ASSERT_TRUE(catalog.save(before, {}, error)) << error;
  ASSERT_EQ(segments.change({write(segments, 30)}, {}, {{known, 48}, {fresh, 2}}, error), Change::done);
  before.entries[0].records = 51;  // a snapshot taken before the change, saved after it
  ASSERT_TRUE(catalog.save(before, {}, error)) << error;
  std::vector<StoredCount> noted = Segments::read_noted_counts(data_);
  ASSERT_EQ(noted.size(), 2u);
  EXPECT_EQ(noted[0].entry, known);
  EXPECT_EQ(noted[0].stored, 48);
  EXPECT_EQ(noted[1].entry, fresh);
  EXPECT_EQ(noted[1].stored, 2);
  LedgerSnapshot after = SavedLedger::read(data_ + "/catalog.db");
  after.outputs = {{"store", {{}}}};
  after.outputs[0].counts[0].of[kDeliveryAcknowledged] = 20;
  for (const StoredCount& count : noted) raise_acknowledged(after, "store", count.entry, false, count.stored);
  ASSERT_EQ(after.entries.size(), 2u);
  EXPECT_EQ(after.entries[0].records, 51);
  EXPECT_EQ(after.entries[0].stored, 48);
  EXPECT_EQ(after.outputs[0].counts[0].acknowledged(), 48);
  EXPECT_EQ(after.entries[1].stored, 2);
  EXPECT_EQ(after.entries[1].records, 2) << "never more stored than decoded";
}

TEST_F(SegmentsTest, ACatalogThatCannotBeWrittenChangesNothing) {
  Segments segments = Segments::open(data_);
  int64_t id = add(segments, 10);
  Segment more = write(segments, 5);
  sql("CREATE TRIGGER refuse BEFORE INSERT ON segments BEGIN SELECT raise(ABORT, 'refused'); END");
  std::string error;
  EXPECT_EQ(segments.change({more}, {id}, {}, error), Change::failed);
  EXPECT_NE(error.find(data_ + "/catalog.db"), std::string::npos) << error;
  segments.give_up(more.path);
  expect_files_as_listed(10);
  sql("DROP TRIGGER refuse");
  add(segments, 7);
  expect_files_as_listed(17);
}

TEST_F(SegmentsTest, ReadingReportsWhatIsWrong) {
  EXPECT_NE(error_of([&] { Segments::read(data_ + "/none"); }).find(data_ + "/none"), std::string::npos);
  EXPECT_NE(error_of([&] { Segments::read(data_); }).find("no " + data_ + "/catalog.db"), std::string::npos);
  {
    Segments::open(data_);
  }
  EXPECT_EQ(error_of([&] { EXPECT_TRUE(Segments::read(data_).empty()); }), "");
  sql("PRAGMA user_version = 99");
  EXPECT_NE(error_of([&] { Segments::read(data_); }).find("newer weir"), std::string::npos);
  std::ofstream(data_ + "/catalog.db") << std::string(4096, 'x');
  EXPECT_NE(error_of([&] { Segments::read(data_); }).find("damaged or no SQLite database"), std::string::npos);
  EXPECT_NE(error_of([&] { Segments::open(data_); }).find("damaged or no SQLite database"), std::string::npos);
}

TEST_F(SegmentsTest, ACatalogFromBeforeTheStoreHasNoSegments) {
  SavedLedger::open(data_ + "/catalog.db");
  EXPECT_TRUE(Segments::read(data_).empty());
}

TEST_F(SegmentsTest, AReaderSeesEveryRowExactlyOnceWhileItChanges) {
  Segments segments = Segments::open(data_);
  constexpr uint64_t kRows = 8;
  for (uint64_t i = 0; i < kRows; ++i) add(segments, 1);
  std::atomic<bool> done{false};
  std::thread changing([&] {
    for (int round = 0; round < 40; ++round) {
      std::vector<int64_t> ids;
      for (const Segment& segment : segments.live()) ids.push_back(segment.id);
      std::string error;
      std::vector<Segment> added;
      for (uint32_t rows : round % 2 ? std::vector<uint32_t>{3, 5} : std::vector<uint32_t>{8})
        added.push_back(write(segments, rows));
      EXPECT_EQ(segments.change(added, ids, {}, error), Change::done) << error;
    }
    done = true;
  });
  size_t reads = 0;
  for (; !done; ++reads) {
    uint64_t rows = 0;
    for (int attempt = 0;; ++attempt) {  // as every reader must: all files at once, or the list again
      rows = 0;
      bool all = true;
      for (const Segment& segment : Segments::read(data_)) {
        const std::string path = data_ + "/" + segment.path;
        int fd = ::open(path.c_str(), O_RDONLY);
        if (fd < 0) fd = ::open((path + ".tmp").c_str(), O_RDONLY);
        if (fd < 0) fd = ::open(path.c_str(), O_RDONLY);
        all = all && fd >= 0;
        if (fd < 0) break;
        struct stat status;
        ::fstat(fd, &status);
        EXPECT_EQ(static_cast<uint64_t>(status.st_size), segment.figures.bytes);
        ::close(fd);
        rows += segment.figures.rows;
      }
      if (all) break;
      ASSERT_LT(attempt, 1000);
    }
    EXPECT_EQ(rows, kRows);
  }
  changing.join();
  EXPECT_GT(reads, 0u);
}

using enum ElementType;

TEST_F(SegmentsTest, AddedFieldsBecomePermanentColumns) {
  auto names = [](std::span<const StoreColumn> columns) {
    std::vector<std::string> added;
    for (const StoreColumn& column : columns)
      if (column.extra) added.push_back(std::to_string(column.id) + " " + std::string(column.name));
    return added;
  };
  {
    EXPECT_EQ(names(Segments::open(data_).columns()), std::vector<std::string>());
  }
  FieldTable first({{"host", 9, 1, string}, {"port", 9, 2, unsigned_number}});
  {
    Segments segments = Segments::open(data_, first);
    EXPECT_EQ(names(segments.columns()), (std::vector<std::string>{"10000 host", "10001 port"}));
    EXPECT_EQ(segments.columns().back().field, extra_field(1));
  }
  FieldTable second({{"user", 9, 3, string}, {"port", 9, 4, unsigned_number}});
  {
    Segments segments = Segments::open(data_, second);
    EXPECT_EQ(names(segments.columns()), (std::vector<std::string>{"10000 host", "10001 port", "10002 user"}));
    EXPECT_EQ(segments.columns().back().field, extra_field(0));
    EXPECT_EQ(segments.columns()[store_columns().size()].field, kNoField);
  }
  std::vector<ExtraColumn> read = Segments::read_extra_columns(data_);
  ASSERT_EQ(read.size(), 3u);
  EXPECT_EQ(read[0].field.element_text(), "9/1");
  EXPECT_EQ(read[1].field.element_text(), "9/4");  // as last configured
  EXPECT_EQ(read[2].field.type, string);
}

TEST_F(SegmentsTest, AnAddedFieldKeepsItsType) {
  FieldTable first({{"port", 9, 2, unsigned_number}}), second({{"user", 9, 3, string}, {"port", 9, 2, string}});
  Segments::open(data_, first);
  try {
    Segments::open(data_, second);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_TRUE(std::string(error.what()).contains("\"port\"")) << error.what();
    EXPECT_TRUE(std::string(error.what()).contains("unsigned")) << error.what();
  }
  EXPECT_EQ(Segments::read_extra_columns(data_).size(), 1u);  // nothing of the refused configuration was added
}

TEST_F(SegmentsTest, ATypeOfANewerVersionIsRefused) {
  FieldTable first({{"port", 9, 2, unsigned_number}});
  Segments::open(data_, first);
  sql("UPDATE extra_fields SET type = 'quaternion'");
  EXPECT_THROW(Segments::open(data_), Error);
  EXPECT_THROW(Segments::read_extra_columns(data_), Error);
}

// The yardstick is the newest receive time of rows that were not marked.
TEST_F(SegmentsTest, TheYardstickIgnoresMarkedRows) {
  const int64_t after = 5'000'000'000;  // offset into the hour, as the rows are written
  Segments segments = Segments::open(data_);
  EXPECT_EQ(segments.yardstick_ns(), 0);
  add(segments, 10, kHour);
  Segment marked = write(segments, 10, kHour + 1'000);
  marked.yardstick_ns = 0;
  std::string error;
  ASSERT_EQ(segments.change({marked}, {}, {}, error), Change::done) << error;
  EXPECT_EQ(segments.yardstick_ns(), kHour * kHourNs + after);
  // A merged segment's yardstick is that of its inputs.
  Segment merged = write(segments, 20, kHour + 1'000, 1);
  merged.yardstick_ns = 0;
  ASSERT_EQ(segments.change({merged}, {segments.live()[0].id, segments.live()[1].id}, {}, error), Change::done)
      << error;
  EXPECT_EQ(segments.yardstick_ns(), kHour * kHourNs + after);
  EXPECT_EQ(number("SELECT max(yardstick) FROM segments"), kHour * kHourNs + after);
  EXPECT_TRUE(segments.lower_yardsticks(kHour * kHourNs));
  EXPECT_EQ(segments.yardstick_ns(), kHour * kHourNs);
  EXPECT_EQ(number("SELECT max(yardstick) FROM segments"), kHour * kHourNs);
}

TEST_F(SegmentsTest, InAnOlderListWithoutMarksAllRowsSetTheYardstick) {
  {
    Segments segments = Segments::open(data_);
    add(segments, 10, kHour);
  }
  sql("ALTER TABLE segments DROP COLUMN yardstick");
  ASSERT_EQ(Segments::read(data_).size(), 1u);
  EXPECT_EQ(Segments::read(data_)[0].yardstick_ns, kHour * kHourNs + 5'000'000'000);
  Segments segments = Segments::open(data_);
  EXPECT_EQ(segments.yardstick_ns(), kHour * kHourNs + 5'000'000'000);
  sql("INSERT INTO segments (path, level, hour, rows, bytes, received_min, received_max, start_min, start_max, "
      "end_min, "
      "end_max) SELECT 'flows/of-an-older-version', level, hour, rows, bytes, received_min, received_max + 7, "
      "start_min, "
      "start_max, end_min, end_max FROM segments");
  EXPECT_EQ(Segments::read(data_)[1].yardstick_ns, kHour * kHourNs + 5'000'000'007);
}

}  // namespace
}  // namespace weir
