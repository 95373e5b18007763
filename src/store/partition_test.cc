// SPDX-License-Identifier: Apache-2.0
#include "store/partition.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Partition, FoldersFollowTheHourInUtc) {
  EXPECT_EQ(hour_of(0), 0);
  EXPECT_EQ(hour_of(kHourNs - 1), 0);
  EXPECT_EQ(hour_of(kHourNs), 1);
  EXPECT_EQ(hour_of(-1), -1);
  EXPECT_EQ(partition_folder(0), "flows/day=1970-01-01/hour=00");
  // date -u -d '2024-02-29 23:00' +%s = 1709247600
  EXPECT_EQ(partition_folder(hour_of(1'709'247'600'000'000'000)), "flows/day=2024-02-29/hour=23");
  EXPECT_EQ(compact_time(1'709'247'600'000'000'000 + 754'999'999'999), "20240229T231234Z");
}

}  // namespace
}  // namespace weir
