// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

const AccountKey kA{IpAddress::v4(0xc0000201), Protocol::netflow9, 0};
const AccountKey kB{IpAddress::v4(0xc0000202), Protocol::netflow5, 0};
const AccountKey kC{IpAddress::v4(0xc0000203), Protocol::ipfix, 0};

// What a killed run leaves: A had 100 records on their way, B is settled, C's last segment is newer than its counts.
TEST(Ledger, WhatAKilledRunLeftUnsettledIsCountedOnce) {
  LedgerRows left;
  left.accounts.push_back({.key = kA, .records = 1000, .stored = 850, .filtered = 30, .sink_dropped = 20});
  left.accounts.push_back({.key = kB, .records = 70, .stored = 70});
  left.accounts.push_back({.key = kC, .records = 40, .stored = 55, .sink_dropped = 1});
  Ledger ledger(0);
  ledger.restore(left);
  EXPECT_EQ(ledger.settle_unfinished(), 100);
  EXPECT_EQ(ledger.account(kA).sink_dropped.value(), 120);
  EXPECT_EQ(ledger.account(kB).sink_dropped.value(), 0);
  EXPECT_EQ(ledger.account(kC).records.value(), 56);
  EXPECT_EQ(ledger.account(kC).sink_dropped.value(), 1);
  for (const AccountRow& row : ledger.rows().accounts)
    EXPECT_EQ(row.records, row.stored + row.filtered + row.sink_dropped);
  EXPECT_EQ(ledger.settle_unfinished(), 0);
}

TEST(Ledger, CountingBeganWithTheFirstRun) {
  Ledger first(1'000), later(2'000);
  first.restore({});  // a new catalog
  EXPECT_EQ(first.rows().since_ns, 1'000);
  later.restore(first.rows());
  EXPECT_EQ(later.rows().since_ns, 1'000);
}

}  // namespace
}  // namespace weir
