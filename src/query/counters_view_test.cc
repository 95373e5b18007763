// SPDX-License-Identifier: Apache-2.0
#include "query/counters_view.h"

#include "base/error.h"
#include "query/testing/store_fixture.h"
#include "wire/sflow_counters.h"

namespace weir {
namespace {

// 2026-11-21 12:00:00 UTC
constexpr int64_t kNoon = 1'795'262'400'000'000'000;

class CountersViewTest : public StoreFixture {
 protected:
  // Writes a segment of the table with our own writer: interfaces from `first` on of one agent, a second apart.
  std::string add_counters(uint32_t first, uint32_t count) {
    std::vector<CounterSample> samples(count);
    for (uint32_t i = 0; i < count; ++i) {
      samples[i].received_ns = kNoon + int64_t{first + i} * 1'000'000'000;
      samples[i].agent = IpAddress::v4(0xc0000201);
      samples[i].source_index = first + i;
      samples[i].present.set(static_cast<size_t>(CounterField::in_octets));
      samples[i].values[static_cast<size_t>(CounterField::in_octets)] = UINT64_MAX - 1 - i;
    }
    Segments segments = Segments::open(data_);
    int error = 0;
    Segment segment;
    segment.table = Table::counters;
    segment.hour = kNoon / 3'600'000'000'000;
    segment.path = segments.new_path(segment.hour, error, Table::counters);
    SegmentWriter writer(segments.file(segment.path), store_columns(Table::counters), Table::counters);
    EXPECT_EQ(writer.add(samples), 0);
    EXPECT_EQ(writer.finish(segment.figures), 0);
    std::string why;
    EXPECT_EQ(segments.change({segment}, {}, {}, why), Change::done) << why;
    return data_ + "/" + segment.path;
  }
  FlowQuery both(const TimeRange& range = {}) const {
    return FlowQuery({.data = data_, .range = range, .counters = true});
  }
};

TEST_F(CountersViewTest, WithoutSegmentsItHasItsColumnsAndNoRows) {
  Segments::open(data_);
  FlowQuery query = both();
  EXPECT_EQ(answer(query, "SELECT count(*) AS n FROM counters"), "n\n0\n");
  std::string expected = "column_name,column_type\ntime_received_ns,BIGINT\n";
  for (const CounterColumn& column : kCounterColumns)
    expected += std::string(column.name) + "," + std::string(sql_type(column.type)) + "\n";
  EXPECT_EQ(answer(query, "SELECT column_name, column_type FROM (DESCRIBE counters)"), expected);
}

TEST_F(CountersViewTest, HasARowForEachSampleBesideTheFlows) {
  add_counters(1, 2);
  add_counters(3, 1);
  add_segment("SELECT 7::UBIGINT AS bytes");
  FlowQuery query = both();
  EXPECT_EQ(answer(query,
                   "SELECT time_received_ns, time_received, sampler_address, source_id_index, in_octets, out_octets "
                   "FROM counters ORDER BY 1 LIMIT 1"),
            "time_received_ns,time_received,sampler_address,source_id_index,in_octets,out_octets\n"
            "1795262401000000000,2026-11-21T12:00:01.000Z,192.0.2.1,1,18446744073709551614,\n");
  EXPECT_EQ(answer(query, "SELECT (SELECT count(*) FROM counters) AS c, (SELECT count(*) FROM flows) AS f"),
            "c,f\n3,1\n");
}

TEST_F(CountersViewTest, TheRangeIsByTimeOfReceiptWhicheverTimeItMeansForFlows) {
  add_counters(0, 60);
  TimeRange range{kNoon + 10'000'000'000, kNoon + 15'000'000'000, TimeColumn::start};
  FlowQuery query = both(range);
  EXPECT_EQ(answer(query, "SELECT count(*) AS n, min(source_id_index) AS least FROM counters"), "n,least\n5,10\n");
  FlowQuery other = both({kNoon + 3'600'000'000'000, kNoon + 7'200'000'000'000, TimeColumn::received});
  EXPECT_EQ(other.segments_read(), 0u);
}

TEST_F(CountersViewTest, QueriesOfFlowsDoNotOpenCounterSegments) {
  std::string path = add_counters(0, 60);
  std::filesystem::resize_file(path, 20);
  FlowQuery flows = query();
  EXPECT_EQ(answer(flows, "SELECT count(*) AS n FROM flows"), "n\n0\n");
  EXPECT_TRUE(flows.problems().empty());
  FlowQuery damaged = both();
  EXPECT_EQ(answer(damaged, "SELECT count(*) AS n FROM counters"), "n\n0\n");
  EXPECT_EQ(damaged.problems().size(), 1u);
}

}  // namespace
}  // namespace weir
