// SPDX-License-Identifier: Apache-2.0
#include "show/flow_table.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace weir {
namespace {

using Cells = std::vector<std::string>;

// RFC 4180 §2.
TEST(TakeCsvLine, SplitsAsCsvIsWritten) {
  std::string_view csv = "a,,\"b,c\",\"say \"\"hi\"\"\"\n\"two\nlines\",x\nlast";
  EXPECT_EQ(take_csv_line(csv), (Cells{"a", "", "b,c", "say \"hi\""}));
  EXPECT_EQ(take_csv_line(csv), (Cells{"two\nlines", "x"}));
  EXPECT_EQ(take_csv_line(csv), (Cells{"last"}));
  EXPECT_TRUE(csv.empty());
}

// Two rows of one run: TCP over IPv6 with ports, ICMP over IPv4 without.
void fill(FlowBatch& batch) {
  Run& run = batch.append_run(2);
  run.exporter = *IpAddress::parse("192.0.2.9");
  for (Field f : {Field::src_addr, Field::dst_addr, Field::proto, Field::src_port, Field::dst_port, Field::tcp_flags,
                  Field::bytes, Field::packets, Field::time_flow_start_ns, Field::time_flow_end_ns})
    run.mask.set(f);
  const char* ends[2][2] = {{"2001:db8::1", "2001:db8::2"}, {"192.0.2.1", "192.0.2.2"}};
  for (uint32_t row = 0; row < 2; ++row) {
    batch.column<IpAddress>(Field::src_addr)[row] = *IpAddress::parse(ends[row][0]);
    batch.column<IpAddress>(Field::dst_addr)[row] = *IpAddress::parse(ends[row][1]);
    batch.column<uint8_t>(Field::proto)[row] = row == 0 ? 6 : 1;
    batch.column<uint16_t>(Field::src_port)[row] = row == 0 ? 1024 : 0;
    batch.column<uint16_t>(Field::dst_port)[row] = row == 0 ? 443 : 0;
    batch.column<uint16_t>(Field::tcp_flags)[row] = row == 0 ? 0x1b : 0;
    batch.column<uint64_t>(Field::bytes)[row] = 1000 + row;
    batch.column<uint64_t>(Field::packets)[row] = 10 + row;
    batch.column<int64_t>(Field::time_flow_start_ns)[row] = 1'767'323'045'678'000'000;
    batch.column<int64_t>(Field::time_flow_end_ns)[row] =
        1'767'323'045'678'000'000 + (row == 0 ? 61'250 : -5) * 1'000'000LL;
  }
}

TEST(FlowTable, IsReadable) {
  FlowBatch batch;
  fill(batch);
  FlowTable table({}, 0);
  std::string out;
  table.write(batch, out);
  EXPECT_EQ(out, "") << "the first rows tell the widths";
  table.finish(out);
  EXPECT_EQ(
      out,
      "start                    duration  proto  source              destination        flags     packets  bytes  "
      "in  out  exporter\n"
      "2026-01-02 03:04:05.678    61.250  TCP    [2001:db8::1]:1024  [2001:db8::2]:443  ...AP.SF       10   1000  "
      " 0    0  192.0.2.9\n"
      "2026-01-02 03:04:05.678    -0.005  ICMP   192.0.2.1           192.0.2.2          -              11   1001  "
      " 0    0  192.0.2.9\n");
}

TEST(FlowTable, OmitsColumnsThatDoNotFit) {
  FlowBatch batch;
  fill(batch);
  FlowTable table({}, 100);
  std::string out;
  table.write(batch, out);
  table.finish(out);
  // 23 + 8 + 5 + 18 + 17 + 8 + 7 and two spaces between: 98; with "bytes" it would be 105.
  EXPECT_EQ(table.left_out(), "bytes, in, out, exporter");
  for (std::string_view rest = out; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1))
    EXPECT_LE(rest.find('\n'), 100u);
}

TEST(FlowTable, ShowsTheChosenFieldsWhateverTheWidth) {
  FlowBatch batch;
  fill(batch);
  FlowTable table({Field::bytes, Field::src_addr}, 5);
  std::string out;
  table.write(batch, out);
  table.finish(out);
  EXPECT_EQ(out, "bytes  src_addr\n 1000  2001:db8::1\n 1001  192.0.2.1\n");
}

TEST(FlowTable, WritesOnceTheWidthsAreKnown) {
  FlowTable table({Field::bytes}, 0);
  std::string out;
  for (size_t rows = 0; rows < FlowTable::kRowsForWidths; rows += 2) {
    EXPECT_EQ(out, "");
    FlowBatch batch;
    fill(batch);
    table.write(batch, out);
  }
  EXPECT_EQ(std::ranges::count(out, '\n'), static_cast<ptrdiff_t>(1 + FlowTable::kRowsForWidths));
}

}  // namespace
}  // namespace weir
