// SPDX-License-Identifier: Apache-2.0
#include "store/unlisted.h"

#include <fstream>

#include "store/testing/store_fixture.h"

namespace weir {
namespace {

class UnlistedTest : public StoreTest {
 protected:
  void put(const std::string& name, size_t bytes) { std::ofstream(data_ + "/" + name) << std::string(bytes, 'x'); }
};

TEST_F(UnlistedTest, FilesThatNoListNamesAreFound) {
  Segments segments = Segments::open(data_);
  add(segments, 100);
  EXPECT_EQ(find_unlisted(data_, Segments::read(data_)).files, 0u);
  put("flows/a.parquet", 10);
  put("flows/b.parquet", 20);
  put("flows/c.parquet.tmp", 40);  // being written
  put("flows/notes.txt", 80);
  const Unlisted found = find_unlisted(data_, Segments::read(data_));
  EXPECT_EQ(found.files, 2u);
  EXPECT_EQ(found.bytes, 30u);
}

TEST_F(UnlistedTest, TheFirstSearchIsAlwaysMade) {
  Segments segments = Segments::open(data_);
  add(segments, 100);
  put("flows/a.parquet", 10);
  UnlistedLook look(data_);
  look.start();
  look.stop();
  EXPECT_EQ(look.last().files, 1u);
  EXPECT_EQ(look.last().bytes, 10u);
}

}  // namespace
}  // namespace weir
