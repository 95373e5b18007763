// SPDX-License-Identifier: Apache-2.0
// The journal on a failing disk, and after crashes and disk errors.
#include "templates/journal.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/time_units.h"
#include "templates/store.h"
#include "templates/testing/store_fixture.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

SessionKey key() { return {*IpAddress::parse("192.0.2.1"), 1, Protocol::netflow9, 0}; }

class JournalFile : public testing::Test {
 protected:
  JournalFile() {
    char name[] = "/tmp/weir-journal-XXXXXX";
    folder = mkdtemp(name);
    config.journal_path = path = folder + "/templates.journal";
  }
  ~JournalFile() override { fs::remove_all(folder); }

  void install(TemplateStore& store, uint16_t id, int64_t now_ns = 0) {
    store.install(*store.session(key()), v9_template(id, {{1, 4}}), {}, now_ns);
  }
  void make(uint16_t templates) {
    TemplateStore store(config);
    for (uint16_t n = 0; n < templates; ++n) install(store, static_cast<uint16_t>(256 + n));
  }
  size_t count() { return TemplateStore(config).template_count(); }
  void put(uint64_t offset, std::string_view octets) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file << octets;
  }

  // 8 octets of magic; an entry of a template with one field: header 8, body 29, record 8.
  static constexpr uint64_t kMagic = 8, kEntry = 45;
  std::string folder, path;
  TemplateStoreConfig config;
};

TEST_F(JournalFile, DamageInTheMiddleLosesOnlyTheDamagedEntry) {
  make(10);
  ASSERT_EQ(fs::file_size(path), kMagic + 10 * kEntry);
  put(kMagic + 4 * kEntry + 41, "\x7f");  // the field length in the fifth entry
  EXPECT_EQ(count(), 9u);
  EXPECT_EQ(fs::file_size(path), kMagic + 9 * kEntry) << "written anew without it";
}

TEST_F(JournalFile, ADamagedLengthDoesNotHideWhatFollows) {
  make(10);
  put(kMagic + 4 * kEntry, std::string(4, '\x00'));
  EXPECT_EQ(count(), 9u);
  put(kMagic + 2 * kEntry, std::string("\x00\x00\x7f\xff", 4));
  EXPECT_EQ(count(), 8u);
  put(kMagic + 2 * kEntry, std::string(3 * kEntry, '\xff'));  // a lost sector
  EXPECT_EQ(count(), 5u);
}

TEST_F(JournalFile, DamageIsCounted) {
  make(10);
  put(kMagic + 1 * kEntry + 20, "\x55");
  put(kMagic + 5 * kEntry + 20, "\x55");
  fs::resize_file(path, fs::file_size(path) - 3);
  Journal journal(path);
  size_t entries = 0;
  Journal::Read read = journal.read([&](const JournalEntry&) { ++entries; }, [](uint64_t, uint64_t) { return true; });
  EXPECT_EQ(entries, 7u);
  EXPECT_EQ(read.damaged_places, 2u);
  EXPECT_EQ(read.damaged_octets, 2 * kEntry);
  EXPECT_EQ(read.octets_cut, kEntry - 3);
}

// An exporter chooses its names: one that contains an entry must not become an entry when the disk fails.
TEST_F(JournalFile, AnEntryInsideAnotherIsIgnored) {
  std::vector<uint8_t> forged;
  TemplateRecord record = v9_template(300, {{1, 4}});
  encode_entry({.session = key(), .template_wire = record.wire}, forged);
  const std::string name(forged.begin(), forged.end());
  {
    TemplateStore store(config);
    const OptionsFact fact{OptionsFact::Kind::interface_name, 1, 0, name};
    store.apply(*store.session(key()), {&fact, 1});
    install(store, 256);
  }
  put(kMagic + 8 + 30, "\x55");  // in the interface number
  EXPECT_EQ(count(), 1u);
  EXPECT_NE(TemplateStore(config).plans(*TemplateStore(config).session(key())), nullptr);
}

TEST_F(JournalFile, ATornFirstWriteStartsTheFileAgain) {
  for (size_t octets = 1; octets < 8; ++octets) {
    std::ofstream(path) << std::string("WEIRTPL1").substr(0, octets);
    EXPECT_EQ(count(), 0u) << octets;
    make(2);
    EXPECT_EQ(count(), 2u);
    fs::remove(path);
  }
}

TEST_F(JournalFile, AnythingButARegularFileIsRefused) {
  fs::create_directory(path);
  EXPECT_THROW(TemplateStore{config}, Error);
  fs::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THROW(TemplateStore{config}, Error) << "and it does not wait for a reader";
  fs::remove(path);
  fs::create_symlink("/dev/null", path);
  EXPECT_THROW(TemplateStore{config}, Error);
}

TEST_F(JournalFile, APartialRewriteLeftByACrashIsRemoved) {
  make(3);
  std::ofstream(path + ".new") << "WEIRTPL1 and a half";
  EXPECT_EQ(count(), 3u);
  EXPECT_FALSE(fs::exists(path + ".new"));
}

// Otherwise every change would rewrite and sync the whole file, while all workers wait.
TEST_F(JournalFile, AfterFailedWritesTheWaitGrows) {
  TemplateStore store(config);
  for (uint16_t n = 0; n < 100; ++n) install(store, static_cast<uint16_t>(256 + n));
  struct rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit none{fs::file_size(path), before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &none);  // the file can grow no further: EFBIG
  for (uint16_t n = 0; n < 1'000; ++n) install(store, static_cast<uint16_t>(400 + n), 10 * kSecond);
  EXPECT_EQ(store.journal_errors(), 1u) << "however many changes there are";
  for (int64_t second = 10; second < 10 + 300; ++second) store.take_expired(second * kSecond);
  // After 1, 2, 4, .. 60 seconds: at 11, 13, 17, 25, 41, 73, 133, 193, 253.
  EXPECT_EQ(store.journal_errors(), 10u);
  EXPECT_FALSE(fs::exists(path + ".new"));
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  store.take_expired(400 * kSecond);
  EXPECT_EQ(count(), 1'100u) << "all of it, as soon as it can be written";
}

TEST_F(JournalFile, ChangesOfOneDatagramGoInOneWrite) {
  TemplateStore store(config);
  auto session = store.session(key());
  auto size = fs::file_size(path);
  for (uint16_t n = 0; n < 100; ++n)
    store.install(*session, v9_template(static_cast<uint16_t>(256 + n), {{1, 4}}), {}, 0,
                  TemplateStore::Journaling::later);
  EXPECT_EQ(fs::file_size(path), size);
  store.write_journal();
  EXPECT_EQ(fs::file_size(path), size + 100 * kEntry);
}

TEST_F(JournalFile, ReadingCanBeStoppedAndLeavesTheFileUnchanged) {
  {
    TemplateStore store(config);
    const std::string name(255, 'x');
    for (uint64_t n = 0; n < 12'000; ++n) {
      const OptionsFact fact{OptionsFact::Kind::application_name, n + 1, 0, name};
      store.apply(*store.session(key()), {&fact, 1}, TemplateStore::Journaling::later);
    }
    install(store, 256);
  }
  const auto size = fs::file_size(path);
  ASSERT_GT(size, 2u << 20);
  int asked = 0;
  TemplateStoreConfig stopping = config;
  stopping.stop_loading = [&] { return ++asked == 2; };
  EXPECT_TRUE(TemplateStore(stopping).loading_stopped());
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(fs::file_size(path), size);
  EXPECT_EQ(count(), 1u);
}

}  // namespace
}  // namespace weir
