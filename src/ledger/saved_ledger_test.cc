// SPDX-License-Identifier: Apache-2.0
#include "ledger/saved_ledger.h"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "base/error.h"
#include "ledger/ledger_columns.h"
#include "ledger/ledger_tables.h"

namespace weir {
namespace {

class SavedLedgerTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/weir-ledger-XXXXXX";
    folder_ = ::mkdtemp(name);
    path_ = folder_ + "/catalog.db";
  }
  void TearDown() override {
    ::umount2(folder_.c_str(), MNT_DETACH);  // if a test mounted something
    std::filesystem::remove_all(folder_);
  }

  // Runs SQL on another connection than the catalog's, as an operator's tool would.
  void sql(const std::string& text) {
    sqlite3* connection = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &connection), SQLITE_OK);
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(connection, text.c_str(), nullptr, nullptr, &error), SQLITE_OK) << (error ? error : "");
    sqlite3_free(error);
    sqlite3_close(connection);
  }
  int64_t number(const std::string& text) {
    sqlite3* connection = nullptr;
    sqlite3_open(path_.c_str(), &connection);
    int64_t value = -1;
    auto first = [](void* out, int, char** values, char**) {
      *static_cast<int64_t*>(out) = std::atoll(values[0] ? values[0] : "0");
      return 0;
    };
    sqlite3_exec(connection, text.c_str(), first, &value, nullptr);
    sqlite3_close(connection);
    return value;
  }
  std::string error_of(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      return error.what();
    }
    return "";
  }

  std::string folder_, path_;
};

LedgerRow entry(uint32_t address, Protocol protocol, uint32_t domain, int64_t seed) {
  LedgerRow row;
  row.key = {IpAddress::v4(address), protocol, domain};
  for (const LedgerColumn& column : kEntryCounters) row.*column.value = seed++;
  for (const LedgerColumn& column : kEntryStates) row.*column.value = seed++;
  row.records += row.stored + row.filtered + row.sink_dropped;  // never less than what became of them
  row.counter_samples += row.counters_stored + row.counters_filtered + row.counters_dropped;
  return row;
}

LedgerSnapshot sample() {
  LedgerSnapshot rows;
  rows.since_ns = 1'700'000'000'000'000'000;
  rows.entries = {entry(0x0a000001, Protocol::netflow5, 0, 100),
                  entry(0x0a000001, Protocol::ipfix, 0xffffffff, 1'000'000'000'000)};
  rows.entries[1].clock_skew_ns = -5;
  rows.entries[1].malformed_by_reason[3] = 7;
  rows.entries[1].refused_by_reason[2] = 9;
  rows.outputs = {{"store", {{}, {}}}, {"archive", {{}, {}}}};
  for (size_t kind = 0; kind < kDeliveryCount; ++kind) {
    rows.outputs[0].counts[0].of[kind] = static_cast<int64_t>(kind + 1);
    rows.outputs[1].counts[1].of[kind] = static_cast<int64_t>(100 * kind);
  }
  rows.waiting = {{{IpAddress::v4(0x0a000001), 7, Protocol::ipfix, 0xffffffff, Transport::tcp, 3}, 256, 2, 99, 5}};
  rows.sockets = {{"netflow://:2055", 0, 425984, 10, 20, 30}, {"netflow://:2055", 1, 425984, 11, 21, 31}};
  return rows;
}

void expect_same(const LedgerSnapshot& a, const LedgerSnapshot& b) {
  EXPECT_EQ(a.since_ns, b.since_ns);
  ASSERT_EQ(a.entries.size(), b.entries.size());
  for (size_t i = 0; i < a.entries.size(); ++i) {
    EXPECT_EQ(a.entries[i].key, b.entries[i].key);
    for (const LedgerColumn& c : kEntryCounters) EXPECT_EQ(a.entries[i].*c.value, b.entries[i].*c.value) << c.name;
    for (const LedgerColumn& c : kEntryStates) EXPECT_EQ(a.entries[i].*c.value, b.entries[i].*c.value) << c.name;
    EXPECT_EQ(a.entries[i].malformed_by_reason, b.entries[i].malformed_by_reason);
    EXPECT_EQ(a.entries[i].refused_by_reason, b.entries[i].refused_by_reason);
  }
  auto outputs_of = [](const LedgerSnapshot& rows) {
    std::map<std::string, std::vector<DeliveryCounts>> outputs;
    for (const OutputRows& output : rows.outputs) outputs[output.name] = output.counts;
    return outputs;
  };
  EXPECT_EQ(outputs_of(a), outputs_of(b));
  ASSERT_EQ(a.waiting.size(), b.waiting.size());
  for (size_t i = 0; i < a.waiting.size(); ++i) EXPECT_EQ(a.waiting[i].session, b.waiting[i].session);
  ASSERT_EQ(a.sockets.size(), b.sockets.size());
  for (size_t i = 0; i < a.sockets.size(); ++i) {
    EXPECT_EQ(a.sockets[i].listener, b.sockets[i].listener);
    EXPECT_EQ(a.sockets[i].worker, b.sockets[i].worker);
    EXPECT_EQ(a.sockets[i].receive_buffer_bytes, b.sockets[i].receive_buffer_bytes);
    EXPECT_EQ(a.sockets[i].datagrams, b.sockets[i].datagrams);
    EXPECT_EQ(a.sockets[i].bytes, b.sockets[i].bytes);
    EXPECT_EQ(a.sockets[i].kernel_drops, b.sockets[i].kernel_drops);
  }
}

const std::vector<SequenceRow> kSequences = {
    {{IpAddress::v4(0x0a000001), 65535, Protocol::ipfix, 0xffffffff}, 0xffffffff, 1, 1'700'000'000},
    {{*IpAddress::parse("2001:db8::1"), 1, Protocol::netflow9, 2, Transport::tls, 7}, 3, 4, 5}};

TEST_F(SavedLedgerTest, KeepsEverythingAcrossARestart) {
  std::string error;
  {
    SavedLedger catalog = SavedLedger::open(path_);
    EXPECT_TRUE(catalog.load().entries.empty());
    ASSERT_TRUE(catalog.save(sample(), kSequences, error)) << error;
    expect_same(SavedLedger::read(path_), sample());  // while it runs
  }
  expect_same(SavedLedger::read(path_), sample());  // when it is down
  EXPECT_FALSE(std::filesystem::exists(path_ + "-wal")) << "reading must leave nothing behind";
  SavedLedger catalog = SavedLedger::open(path_);
  expect_same(catalog.load(), sample());
  std::vector<SequenceRow> sequences = catalog.load_sequences();
  ASSERT_EQ(sequences.size(), 2u);
  if (!(sequences[0] == kSequences[0])) std::swap(sequences[0], sequences[1]);
  EXPECT_EQ(sequences, kSequences);
}

TEST_F(SavedLedgerTest, WritesOnlyWhatChanged) {
  SavedLedger catalog = SavedLedger::open(path_);
  LedgerSnapshot rows = sample();
  std::string error;
  ASSERT_TRUE(catalog.save(rows, kSequences, error)) << error;
  // Marks both rows behind the catalog's back: only the row that changes is written again.
  sql("UPDATE exporters SET duplicates = -1");
  rows.entries[0].records += 1;
  ASSERT_TRUE(catalog.save(rows, kSequences, error)) << error;
  EXPECT_EQ(number("SELECT count(*) FROM exporters WHERE duplicates = -1"), 1);
  EXPECT_EQ(number("SELECT duplicates FROM exporters WHERE protocol = 'v5'"), rows.entries[0].duplicates);
}

TEST_F(SavedLedgerTest, ForgetsStreamsThatEnded) {
  SavedLedger catalog = SavedLedger::open(path_);
  std::string error;
  ASSERT_TRUE(catalog.save(sample(), kSequences, error)) << error;
  ASSERT_TRUE(catalog.save(sample(), {kSequences[1]}, error)) << error;
  EXPECT_EQ(catalog.load_sequences(), std::vector<SequenceRow>{kSequences[1]});
}

// Evicted rows: in the file, too, their counts are added to "other", and their place is free.
TEST_F(SavedLedgerTest, EvictedRowsAreRemovedAndTheSumsStay) {
  const auto junk = [](uint32_t n) { return LedgerKey{IpAddress::v4(0x0a000001), Protocol::netflow9, n}; };
  SavedLedger catalog = SavedLedger::open(path_);
  catalog.load();
  Ledger ledger(0, 64);
  std::string error;
  for (uint32_t n = 0; n < 1000; ++n) {
    LedgerEntry& entry = ledger.entry(junk(n));
    entry.first_seen_ns.set(1 + n);
    entry.last_seen_ns.set(1 + n);
    entry.datagrams.add();
    entry.count(Malformed::short_header);
    if (n % 50 == 0) {
      ASSERT_TRUE(catalog.save(ledger.rows(), {}, error)) << error;
    }
  }
  ledger.entry(junk(0)).first_seen_ns.set(2000);  // seen again, without anything malformed
  ASSERT_TRUE(catalog.save(ledger.rows(), {}, error)) << error;
  EXPECT_EQ(number("SELECT sum(datagrams) FROM exporters"), 1000);
  EXPECT_EQ(number("SELECT sum(count) FROM reasons"), 1000);
  EXPECT_EQ(number("SELECT count(*) FROM reasons WHERE domain = 0 AND exporter <> '::'"), 0);
  EXPECT_LE(number("SELECT count(*) FROM exporters"), 65);
}

TEST_F(SavedLedgerTest, AddsTheColumnsOfALaterVersion) {
  std::string error;
  {
    SavedLedger catalog = SavedLedger::open(path_);
    ASSERT_TRUE(catalog.save(sample(), kSequences, error)) << error;
  }
  sql("ALTER TABLE exporters DROP COLUMN time_quality");
  LedgerSnapshot expected = sample();
  for (LedgerRow& row : expected.entries) row.time_quality = 0;
  expect_same(SavedLedger::read(path_), expected);
  SavedLedger catalog = SavedLedger::open(path_);
  expect_same(catalog.load(), expected);
  EXPECT_EQ(number("SELECT count(*) FROM pragma_table_info('exporters') WHERE name = 'time_quality'"), 1);
  ASSERT_TRUE(catalog.save(sample(), kSequences, error)) << error;
  expect_same(SavedLedger::read(path_), sample());
}

TEST_F(SavedLedgerTest, RefusesForeignFiles) {
  auto open = [&] { SavedLedger::open(path_); };
  auto read = [&] { SavedLedger::read(path_); };
  EXPECT_NE(error_of(read).find("does not exist"), std::string::npos);

  std::ofstream(path_) << std::string(8192, 'x');
  EXPECT_NE(error_of(open).find(path_), std::string::npos);
  EXPECT_NE(error_of(open).find("no SQLite database"), std::string::npos) << error_of(open);
  EXPECT_NE(error_of(read).find("no SQLite database"), std::string::npos) << error_of(read);

  std::filesystem::remove(path_);
  sql("CREATE TABLE songs (title TEXT)");
  EXPECT_NE(error_of(open).find("another program"), std::string::npos) << error_of(open);
  EXPECT_EQ(number("SELECT count(*) FROM sqlite_schema"), 1) << "nothing may be added to it";

  std::filesystem::remove(path_);
  SavedLedger::open(path_);
  sql("PRAGMA user_version = " + std::to_string(kCatalogVersion + 1));
  EXPECT_NE(error_of(open).find("newer weir"), std::string::npos) << error_of(open);
  EXPECT_NE(error_of(read).find("newer weir"), std::string::npos) << error_of(read);

  sql("PRAGMA user_version = " + std::to_string(kCatalogVersion));
  sql("UPDATE owners SET version = version + 1 WHERE owner = 'ledger'");
  const std::string newer = "its tables of the ledger were written by a newer weir";
  EXPECT_NE(error_of(open).find(newer), std::string::npos) << error_of(open);
  EXPECT_NE(error_of(read).find(newer), std::string::npos) << error_of(read);

  EXPECT_NE(error_of([&] { SavedLedger::open(folder_ + "/none/catalog.db"); }).find("/none/catalog.db"),
            std::string::npos);
}

TEST_F(SavedLedgerTest, RefusesADamagedFile) {
  std::string error;
  {
    SavedLedger catalog = SavedLedger::open(path_);
    LedgerSnapshot rows;
    for (uint32_t i = 0; i < 2'000; ++i) rows.entries.push_back(entry(i + 1, Protocol::ipfix, i, i));
    ASSERT_TRUE(catalog.save(rows, {}, error)) << error;
  }
  auto size = std::filesystem::file_size(path_);
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(size / 2 / 4096 * 4096));
  file << std::string(4096, '\xee');
  file.close();
  std::string message = error_of([&] { SavedLedger::open(path_); });
  EXPECT_NE(message.find("damaged"), std::string::npos) << message;
  EXPECT_NE(message.find(path_), std::string::npos);
}

TEST_F(SavedLedgerTest, AFailedSaveIsReportedAndMadeUpForByTheNext) {
  SavedLedger catalog = SavedLedger::open(path_);
  std::string error;
  ASSERT_TRUE(catalog.save({}, {}, error)) << error;
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_FALSE(catalog.save(sample(), kSequences, error));
  EXPECT_NE(error.find(path_), std::string::npos);
  EXPECT_NE(error.find("locked"), std::string::npos) << error;
  sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  ASSERT_TRUE(catalog.save(sample(), kSequences, error)) << error;
  expect_same(SavedLedger::read(path_), sample());
}

TEST_F(SavedLedgerTest, AFullDiskStopsOnlySaving) {
  if (::mount("none", folder_.c_str(), "tmpfs", 0, "size=1m") != 0)
    GTEST_SKIP() << "needs the right to mount a file system of 1 MiB";
  std::string error;
  {
    SavedLedger catalog = SavedLedger::open(path_);
    ASSERT_TRUE(catalog.save(sample(), kSequences, error)) << error;
    std::ofstream(folder_ + "/ballast") << std::string(2 << 20, 'x');
    LedgerSnapshot rows = sample();
    for (uint32_t i = 0; i < 5'000; ++i) rows.entries.push_back(entry(0x0b000000 + i, Protocol::ipfix, i, i));
    auto resize_outputs = [&] {
      for (OutputRows& output : rows.outputs) output.counts.resize(rows.entries.size());
    };
    resize_outputs();
    EXPECT_FALSE(catalog.save(rows, kSequences, error));
    EXPECT_NE(error.find("full"), std::string::npos) << error;
    expect_same(SavedLedger::read(path_), sample());
    std::filesystem::remove(folder_ + "/ballast");
    rows.entries.resize(500);
    resize_outputs();
    EXPECT_TRUE(catalog.save(rows, kSequences, error)) << error;
    EXPECT_EQ(SavedLedger::read(path_).entries.size(), 500u);
  }
}

TEST_F(SavedLedgerTest, FileIsForOwnerAndGroup) {
  mode_t before = ::umask(0027);
  SavedLedger::open(path_);
  ::umask(before);
  struct stat status;
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

// A process of its own, so that no state of SQLite is shared with this one.
int in_child(const std::function<int()>& work) {
  pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Exit code 0: the ledger can be read by a user with group access and nothing more.
int read_as_group_member(const std::string& path) {
  if (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0) return 2;
  try {
    return SavedLedger::read(path).entries.size() == 2 ? 0 : 3;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

TEST_F(SavedLedgerTest, GroupReadsWithoutWritePermission) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  ASSERT_EQ(::chown(folder_.c_str(), 0, 65534), 0);
  ::chmod(folder_.c_str(), 0750);
  int ready[2], done[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(done), 0);
  pid_t writer = ::fork();
  if (writer == 0) {
    ::umask(0027);
    SavedLedger catalog = SavedLedger::open(path_);
    [[maybe_unused]] int failed = ::chown(path_.c_str(), 0, 65534);
    std::string error;
    catalog.save(sample(), kSequences, error);
    for (const char* suffix : {"-wal", "-shm"}) failed = ::chown((path_ + suffix).c_str(), 0, 65534);
    char byte = 0;
    failed = static_cast<int>(::write(ready[1], &byte, 1));
    failed = static_cast<int>(::read(done[0], &byte, 1));
    catalog = SavedLedger::open(folder_ + "/other.db");  // closes the first
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(in_child([&] { return read_as_group_member(path_); }), 0) << "while the collector runs";
  ASSERT_EQ(::write(done[1], &byte, 1), 1);
  ::waitpid(writer, nullptr, 0);
  EXPECT_FALSE(std::filesystem::exists(path_ + "-wal"));
  EXPECT_EQ(in_child([&] { return read_as_group_member(path_); }), 0) << "when it has stopped";
}

// Saves forever; in each state the counters of all rows and the sequence states are the same number. Writes a byte to
// `saved` after each save.
[[noreturn]] void save_for_ever(const std::string& path, int64_t from, int saved) {
  SavedLedger catalog = SavedLedger::open(path);
  LedgerSnapshot rows = catalog.load();
  std::vector<SequenceRow> sequences = catalog.load_sequences();
  rows.entries.resize(50);
  sequences.resize(50);
  std::string error;
  for (int64_t n = from;; ++n) {
    for (uint32_t i = 0; i < 50; ++i) {
      rows.entries[i].key = {IpAddress::v4(i + 1), Protocol::ipfix, i};
      rows.entries[i].records = rows.entries[i].stored = rows.entries[i].malformed_by_reason[0] = n;
      sequences[i] = {{IpAddress::v4(i + 1), 1, Protocol::ipfix, i}, static_cast<uint32_t>(n), 0, 0};
    }
    if (!catalog.save(rows, sequences, error)) ::_exit(1);
    [[maybe_unused]] ssize_t written = ::write(saved, "", 1);
  }
}

// Every second writer is killed while it opens the file, the others while they save.
TEST_F(SavedLedgerTest, KillAtAnyMomentLeavesItConsistent) {
  std::mt19937 random(1);
  int64_t last = 0;
  for (int round = 0; round < 50; ++round) {
    int saved[2];
    ASSERT_EQ(::pipe2(saved, O_NONBLOCK), 0);
    pid_t child = ::fork();
    if (child == 0) save_for_ever(path_, last + 1, saved[1]);
    pollfd first{saved[0], POLLIN, 0};
    if (round % 2) {
      ASSERT_EQ(::poll(&first, 1, 30'000), 1);
    }
    ::usleep(random() % 15'000);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ::close(saved[0]);
    ::close(saved[1]);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself";
    SavedLedger catalog = SavedLedger::open(path_);
    std::set<int64_t> values;
    for (const LedgerRow& row : catalog.load().entries)
      values.insert({row.records, row.stored, row.malformed_by_reason[0]});
    for (const SequenceRow& row : catalog.load_sequences()) values.insert(row.next);
    ASSERT_LE(values.size(), 1u) << "round " << round;
    int64_t now = values.empty() ? 0 : *values.begin();
    EXPECT_GE(now, last + round % 2) << "a save that had returned is gone";
    last = now;
  }
}

// An output that is removed from the configuration keeps its counts, and is distinguished from those of the last run.
TEST_F(SavedLedgerTest, OutputsThatAreNotConfiguredAnyMoreKeepTheirCounts) {
  std::string error;
  {
    SavedLedger catalog = SavedLedger::open(path_);
    ASSERT_TRUE(catalog.save(sample(), {}, error)) << error;
  }
  LedgerSnapshot rows = sample();
  rows.outputs.pop_back();
  {
    SavedLedger catalog = SavedLedger::open(path_);
    catalog.load();
    ASSERT_TRUE(catalog.save(rows, {}, error)) << error;
  }
  rows = SavedLedger::read(path_);
  ASSERT_EQ(rows.outputs.size(), 2u);
  EXPECT_EQ(rows.outputs[0].name, "archive");
  EXPECT_FALSE(rows.outputs[0].is_configured);
  EXPECT_EQ(rows.outputs[0].counts, sample().outputs[1].counts);
  EXPECT_TRUE(rows.outputs[1].is_configured);
}

// An evicted row takes the outputs' counts of it along, also those of outputs that no longer exist: if the same
// exporter returns, it begins at 0.
TEST_F(SavedLedgerTest, AnExporterThatReturnsStartsAtZeroForEachOutput) {
  std::string error;
  {
    SavedLedger catalog = SavedLedger::open(path_);
    ASSERT_TRUE(catalog.save(sample(), {}, error)) << error;
  }
  LedgerSnapshot rows = sample();
  rows.outputs.pop_back();
  rows.entries.pop_back();
  rows.outputs[0].counts.pop_back();
  SavedLedger catalog = SavedLedger::open(path_);
  catalog.load();
  ASSERT_TRUE(catalog.save(rows, {}, error)) << error;
  EXPECT_EQ(number("SELECT count(*) FROM deliveries WHERE protocol = 'ipfix'"), 0);
  EXPECT_EQ(number("SELECT count(*) FROM deliveries WHERE protocol = 'v5'"), int64_t{kDeliveryCount});
}

TEST_F(SavedLedgerTest, ReasonsOfBothKindsHaveDistinctNames) {
  std::set<std::string_view> names(std::begin(kMalformedNames), std::end(kMalformedNames));
  names.insert(std::begin(kRefusedNames), std::end(kRefusedNames));
  EXPECT_EQ(names.size(), kMalformedCount + kRefusedCount);
}

}  // namespace
}  // namespace weir
