// SPDX-License-Identifier: Apache-2.0
#include "base/eviction.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace weir {
namespace {

const IpAddress kFlood = IpAddress::v4(0xc0000201), kGood = IpAddress::v4(0xc0000202), kNew = IpAddress::v4(0xc0000203);

// Adds `count` entries with times counting up from `seen_ns`; `what` is the entry's number.
void add(std::vector<EvictionEntry>& entries, const IpAddress& exporter, bool gave, int64_t seen_ns, size_t count = 1) {
  for (size_t i = 0; i < count; ++i)
    entries.push_back({exporter, gave, seen_ns + static_cast<int64_t>(i),
                       reinterpret_cast<const void*>(entries.size())});  // NOLINT(performance-no-int-to-ptr)
}

std::vector<size_t> numbers(const std::vector<const void*>& order) {
  std::vector<size_t> list;
  for (const void* what : order) list.push_back(reinterpret_cast<size_t>(what));
  return list;
}

TEST(Eviction, EntriesWithoutRecordsGoFirstFromTheAddressThatHoldsMost) {
  std::vector<EvictionEntry> entries;
  add(entries, kGood, true, 10);        // 0: idle, but it gave records
  add(entries, kNew, false, 5);         // has not produced one yet
  add(entries, kFlood, false, 100, 6);  // 2..7
  std::vector<size_t> order = numbers(eviction_order(entries, 8));
  EXPECT_EQ(std::vector<size_t>(order.begin(), order.begin() + 5), (std::vector<size_t>{2, 3, 4, 5, 6}));
  EXPECT_EQ(order[5], 1u) << "one each is left: the idlest";
  EXPECT_EQ(order.back(), 0u);
}

TEST(Eviction, WithinAnAddressEntriesWithRecordsStay) {
  std::vector<EvictionEntry> entries;
  add(entries, kFlood, true, 1);         // a good stream, idle, of an address that others forge
  add(entries, kFlood, false, 100, 20);  // 1..20
  EXPECT_EQ(numbers(eviction_order(entries, 21)).back(), 0u);
}

TEST(Eviction, ThenTheIdlestOfThoseOverAFairShare) {
  std::vector<EvictionEntry> entries;
  add(entries, kGood, true, 1);        // 0: the idlest of all, but within its share
  add(entries, kFlood, true, 100, 9);  // 1..9
  std::vector<size_t> order = numbers(eviction_order(entries, 10));
  EXPECT_EQ(std::vector<size_t>(order.begin(), order.begin() + 4), (std::vector<size_t>{1, 2, 3, 4}));
  EXPECT_EQ(order[4], 0u) << "5 and 1 of 10 are left: no one is over a share";
}

TEST(Eviction, ByBytesEntriesWithRecordsWithinAFairShareStay) {
  SenderBudget budget(1000);
  budget.add(kFlood, 900);
  budget.add(kGood, 400);
  std::vector<EvictionEntry> entries;
  add(entries, kGood, true, 1, 4);      // 0..3
  add(entries, kFlood, false, 100, 9);  // 100 each; a fair share is 500
  EXPECT_EQ(numbers(eviction_order(entries, budget)), (std::vector<size_t>{4, 5, 6, 7, 8, 9, 10, 11, 12}));
}

TEST(Eviction, ByBytesManyEntriesWithoutRecordsTakeNothingFromThoseWithRecords) {
  SenderBudget budget(1000);
  std::vector<EvictionEntry> entries;
  budget.add(kGood, 300);
  add(entries, kGood, true, 1, 3);  // far above the fair share of 90
  for (uint32_t i = 0; i < 10; ++i) {
    budget.add(IpAddress::v4(0x0a000000 + i), 80);
    add(entries, IpAddress::v4(0x0a000000 + i), false, 100 - i);  // 3..12, the last one the idlest
  }
  std::vector<size_t> order = numbers(eviction_order(entries, budget));
  EXPECT_EQ(std::vector<size_t>(order.begin(), order.begin() + 3), (std::vector<size_t>{12, 11, 10}));
  EXPECT_EQ(order[10], 0u) << "only then";
}

}  // namespace
}  // namespace weir
