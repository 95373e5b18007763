// SPDX-License-Identifier: Apache-2.0
#include "parquet/footer.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>

#include "store/segment_reader.h"
#include "store/testing/store_fixture.h"

namespace {

// The names of the files that this program has synced, in order: the C library's fsync and fdatasync are replaced here.
std::mutex synced_mutex;
std::vector<std::string> synced;

int sync_and_note(long call, int fd) {
  char name[4096];
  ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), name, sizeof name);
  {
    std::lock_guard lock(synced_mutex);
    synced.emplace_back(name, static_cast<size_t>(size > 0 ? size : 0));
  }
  return static_cast<int>(::syscall(call, fd));
}

}  // namespace

extern "C" int fsync(int fd) { return sync_and_note(SYS_fsync, fd); }
extern "C" int fdatasync(int fd) { return sync_and_note(SYS_fdatasync, fd); }

namespace weir {
namespace {

class FooterTest : public StoreTest {
 protected:
  static std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Footer footer_of(const std::string& bytes) const {
    const std::string path = data_ + "/changed";
    std::ofstream(path, std::ios::binary) << bytes;
    int error = 0;
    return read_footer(os::open_read(path, error));
  }
};

TEST_F(FooterTest, TheChecksumCoversEveryOctetOfTheFooter) {
  Segments segments = Segments::open(data_);
  add(segments, 10);
  const std::string good = read(data_ + "/" + segments.live()[0].path);
  Footer whole = footer_of(good);
  ASSERT_EQ(whole.problem, "");
  const size_t key = good.find(kFooterChecksumKey), begin = good.size() - 8 - whole.bytes.size();
  ASSERT_GT(key, begin);
  for (size_t at = begin; at < good.size(); ++at) {
    if (at >= key && at < key + kFooterChecksumKey.size()) continue;  // within the key: only the key is changed then
    for (int bit : {1, 0x10, 0x80}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ bit);
      ASSERT_NE(footer_of(bad).problem, "") << at - begin;
    }
  }
}

// Older segments have no checksum.
TEST_F(FooterTest, AFooterWithoutAChecksumIsAccepted) {
  Segments segments = Segments::open(data_);
  add(segments, 10);
  std::string old = read(data_ + "/" + segments.live()[0].path);
  old.replace(old.find(kFooterChecksumKey), kFooterChecksumKey.size(), "another.value.str");
  EXPECT_EQ(footer_of(old).problem, "");
  std::ofstream(data_ + "/old", std::ios::binary) << old;
  SegmentReader reader;
  EXPECT_TRUE(reader.open(data_ + "/old")) << reader.problem();
  EXPECT_EQ(reader.rows(), 10u);
}

TEST_F(FooterTest, AFileThatCannotBeReadIsNotDamaged) {
  int error = 0;
  SegmentReader reader;
  EXPECT_FALSE(reader.open(os::open_read(data_, error)));  // a folder can be opened, but not read
  EXPECT_EQ(reader.error(), EISDIR);
  std::ofstream(data_ + "/short") << "PAR1";
  EXPECT_FALSE(reader.open(data_ + "/short"));
  EXPECT_EQ(reader.error(), 0);
  EXPECT_FALSE(reader.open(data_ + "/nothing"));
  EXPECT_EQ(reader.error(), 0);
}

// Otherwise a power failure after the list was written could leave a row whose file has no name.
TEST_F(FooterTest, NamesAreOnDiskBeforeTheList) {
  Segments segments = Segments::open(data_);
  {
    std::lock_guard lock(synced_mutex);
    synced.clear();
  }
  Segment segment = write(segments, 10);
  std::string error;
  ASSERT_EQ(segments.change({segment}, {}, {}, error), Change::done) << error;
  std::lock_guard lock(synced_mutex);
  auto index = [&](const std::string& name, size_t from = 0) {
    auto at = std::find(synced.begin() + static_cast<std::ptrdiff_t>(from), synced.end(), name);
    return static_cast<size_t>(at - synced.begin());
  };
  const std::string file = data_ + "/" + segment.path, folder = os::parent_folder(file),
                    day = os::parent_folder(folder);
  size_t made = index(day), content = index(file + ".tmp"), name = index(folder, content),
         list = index(data_ + "/catalog.db-wal"), renamed = index(folder, list);
  EXPECT_LT(index(data_), made);             // flows/
  EXPECT_LT(index(data_ + "/flows"), made);  // day=
  EXPECT_LT(made, content);                  // hour=
  EXPECT_LT(content, name);
  EXPECT_LT(name, list);
  EXPECT_LT(list, renamed);
  EXPECT_LT(renamed, synced.size());
}

}  // namespace
}  // namespace weir
