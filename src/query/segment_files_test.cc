// SPDX-License-Identifier: Apache-2.0
#include "query/segment_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "flow/batch.h"
#include "parquet/footer.h"
#include "query/testing/store_fixture.h"
#include "store/partition.h"
#include "store/segment_writer.h"

namespace weir {
namespace {

class SegmentFilesTest : public StoreFixture {
 protected:
  // A segment as a collector writes it: 10 flows of 1 to 10 bytes.
  std::string write_segment() {
    Segments segments = Segments::open(data_);
    int error = 0;
    Segment segment{.path = segments.new_path(490'000, error), .hour = 490'000, .figures = {}};
    FlowBatch batch;
    weir::Run& run = batch.append_run(10);
    run.received_ns = 490'000 * kHourNs;
    run.mask.set(Field::bytes);
    for (uint32_t i = 0; i < 10; ++i) batch.column<uint64_t>(Field::bytes)[i] = i + 1;
    SegmentWriter writer(segments.file(segment.path));
    EXPECT_EQ(writer.add(batch, batch.runs()), 0);
    EXPECT_EQ(writer.finish(segment.figures), 0);
    std::string why;
    EXPECT_EQ(segments.change({segment}, {}, {}, why), Change::done) << why;
    return segments.file(segment.path);
  }
  static constexpr const char* kQuestion =
      "SELECT count(*) AS n, count(bytes) AS b, min(bytes) AS least, max(bytes) AS most, sum(bytes) AS sum FROM flows "
      "WHERE bytes > 3";
  static constexpr const char* kAnswer = "n,b,least,most,sum\n7,7,4,10,49\n";
};

// The footers are DuckDB's and our own.
TEST_F(SegmentFilesTest, ColumnsAreThoseThatASegmentHas) {
  auto id_of = [](std::string_view name) { return std::ranges::find(store_columns(), name, &StoreColumn::name)->id; };
  auto columns = [this] { return SegmentFiles::open(data_, {}).columns(Table::flows); };
  add_segment("SELECT 7::UBIGINT AS bytes, 'ge-0/0/1' AS in_if_name");
  EXPECT_EQ(columns(), (std::set{id_of("bytes"), id_of("in_if_name")}));
  add_segment("SELECT 64500::UINTEGER AS src_as");
  EXPECT_EQ(columns(), (std::set{id_of("bytes"), id_of("in_if_name"), id_of("src_as")}));
  write_segment();
  EXPECT_TRUE(columns()->contains(id_of("time_received")) && columns()->contains(id_of("sampler_address")));
  EXPECT_FALSE(columns()->contains(id_of("dst_as"))) << "no segment has one";
  for (const char* malformed : {"", "\x19", "nonsense"}) EXPECT_TRUE(column_ids(malformed).empty());
}

// Statistics answer queries, and decide which row groups need not be read: wrong ones gave wrong sums.
TEST_F(SegmentFilesTest, AnyChangedOctetOfAFooterIsReportedOrHarmless) {
  const std::string path = write_segment();
  std::ifstream in(path, std::ios::binary);
  const std::string good(std::istreambuf_iterator<char>(in), {});
  {
    FlowQuery opened = query();
    EXPECT_EQ(answer(opened, kQuestion), kAnswer);
  }
  int error = 0;
  const size_t footer = read_footer(os::open_read(path, error)).bytes.size();
  size_t named = 0, asked = 0;
  for (size_t at = good.size() - 8 - footer; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x04);
    std::ofstream(path, std::ios::binary) << bad;
    SegmentFiles files = SegmentFiles::open(data_, {});
    if (!files.problems().empty()) {
      ++named;
      EXPECT_TRUE(files.problems()[0].contains(path) && files.problems()[0].contains("damaged"));
      continue;
    }
    ++asked;
    FlowQuery opened = query();
    EXPECT_EQ(answer(opened, kQuestion), kAnswer) << at;
  }
  EXPECT_GT(named, footer - 32);
  EXPECT_LE(asked, kFooterChecksumKey.size());
}

TEST_F(SegmentFilesTest, UnreadableSegmentsAreNamedAsSuchAndTheRestIsRead) {
  const std::string folder = write_segment(), looped = write_segment();
  write_segment();
  std::filesystem::remove(folder);
  std::filesystem::create_directory(folder);  // can be opened, but reading it fails
  std::filesystem::remove(looped);
  std::filesystem::create_symlink(looped, looped);
  FlowQuery opened = query();
  EXPECT_EQ(answer(opened, kQuestion), kAnswer);
  ASSERT_EQ(opened.problems().size(), 2u);
  for (const std::string& problem : opened.problems()) {
    EXPECT_TRUE(problem.contains("cannot be read")) << problem;
    EXPECT_FALSE(problem.contains("damaged")) << problem;
  }
}

}  // namespace
}  // namespace weir
