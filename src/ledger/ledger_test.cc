// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <gtest/gtest.h>

#include <optional>

namespace weir {
namespace {

const LedgerKey kA{IpAddress::v4(0xc0000201), Protocol::netflow9, 0};
const LedgerKey kB{IpAddress::v4(0xc0000202), Protocol::netflow5, 0};
const LedgerKey kC{IpAddress::v4(0xc0000203), Protocol::ipfix, 0};

// What a killed run leaves: 100 records of A were on their way, B is settled, C's last segment is newer than its
// counts.
TEST(Ledger, RecordsLeftUnsettledByAKilledRunAreCountedOnce) {
  LedgerSnapshot left;
  left.entries.push_back({.key = kA, .records = 1000, .stored = 850, .filtered = 30, .sink_dropped = 20});
  left.entries.push_back({.key = kB, .records = 70, .stored = 70});
  left.entries.push_back({.key = kC, .records = 40, .stored = 55, .sink_dropped = 1});
  Ledger ledger(0);
  ledger.restore(left);
  EXPECT_EQ(ledger.settle_unfinished(), 100);
  EXPECT_EQ(ledger.entry(kA).sink_dropped.value(), 120);
  EXPECT_EQ(ledger.entry(kB).sink_dropped.value(), 0);
  EXPECT_EQ(ledger.entry(kC).records.value(), 56);
  EXPECT_EQ(ledger.entry(kC).sink_dropped.value(), 1);
  for (const LedgerRow& row : ledger.rows().entries)
    EXPECT_EQ(row.records, row.stored + row.filtered + row.sink_dropped);
  EXPECT_EQ(ledger.settle_unfinished(), 0);
}

// For each output: what it left unsettled when the run was killed, and what was decoded before it was configured.
TEST(Ledger, UnsettledRecordsOfOutputsAreCountedByReason) {
  LedgerSnapshot left;
  left.entries.push_back({.key = kA, .records = 1000, .stored = 900, .filtered = 50});
  left.outputs = {{"store", {{}}}, {"archive", {{}}}, {"taken out", {{}}, false}};
  left.outputs[0].counts[0].of[kDeliveryAcknowledged] = 900;
  left.outputs[1].counts[0].of[kDeliveryAcknowledged] = 700;
  left.outputs[2].counts[0].of[kDeliveryAcknowledged] = 100;
  Ledger ledger(0);
  for (const char* name : {"store", "archive", "taken out", "new"}) ledger.add_output(name);
  ledger.restore(left);
  EXPECT_EQ(ledger.settle_unfinished(), 50);
  const LedgerSnapshot rows = ledger.rows();
  auto of = [&](size_t output) { return rows.outputs.at(output).counts.at(0); };
  EXPECT_EQ(of(0).acknowledged(), 900);
  EXPECT_EQ(of(0).dropped(OutputError::crash), 50);
  EXPECT_EQ(of(1).dropped(OutputError::crash), 250);
  EXPECT_EQ(of(2).dropped(OutputError::not_configured), 850);
  EXPECT_EQ(of(3).dropped(OutputError::not_configured), 950);
  for (size_t output = 0; output < 4; ++output) EXPECT_EQ(of(output).settled(), 950) << output;
  EXPECT_EQ(rows.entries[0].sink_dropped, 50);
  EXPECT_EQ(ledger.settle_unfinished(), 0);
}

// While the process runs: what was decoded before an output joined counts as not_configured, except for what it had in
// an earlier run.
TEST(Ledger, AnOutputThatJoinsMissedEarlierRecords) {
  SenderBudget budget(1 << 20);
  Ledger ledger(0, 100, &budget);
  OutputCounts& store = ledger.add_output("store");
  LedgerEntry &a = ledger.entry(kA), &b = ledger.entry(kB);
  a.records.add(100), a.filtered.add(10), a.counter_samples.add(4), b.records.add(7);
  store.acknowledge(a.index, 90), store.acknowledge_counters(a.index, 4), store.acknowledge(b.index, 7);
  OutputCounts& late = ledger.prepare_output("late");
  EXPECT_EQ(ledger.rows().outputs.size(), 1u) << "not yet";
  LedgerSnapshot saved;
  saved.entries = {{.key = kA, .records = 60}, {.key = kC, .records = 5}};
  saved.outputs = {{"late", {{}, {}}, false}};
  saved.outputs[0].counts[0].of[kDeliveryAcknowledged] = 60;
  saved.outputs[0].counts[1].of[kDeliveryAcknowledged] = 5;  // of a row that no longer exists
  const size_t bytes = ledger.row_bytes(), charged = budget.total();
  ledger.join_output(late, saved);
  EXPECT_EQ(budget.total() - charged, 2 * (ledger.row_bytes() - bytes)) << "each row is charged for what it counts now";
  a.records.add(5), store.acknowledge(a.index, 5), late.acknowledge(a.index, 3),
      late.drop(a.index, OutputError::no_space, 2);
  const LedgerSnapshot rows = ledger.rows();
  ASSERT_EQ(rows.outputs.size(), 2u);
  const std::vector<DeliveryCounts>& of = rows.outputs[1].counts;
  EXPECT_EQ(of[0].acknowledged(), 63);
  EXPECT_EQ(of[0].dropped(OutputError::not_configured), 30);
  EXPECT_EQ(of[0].settled(), 95);
  EXPECT_EQ(of[0].settled_counters(), 4);
  EXPECT_EQ(of[1].dropped(OutputError::not_configured), 7);
  EXPECT_EQ(a.stored.value(), 95) << "the store leads";
  EXPECT_EQ(ledger.find_output("late"), &late);
  EXPECT_EQ(ledger.find_output("nobody"), nullptr);
  late.set_configured(false);
  EXPECT_FALSE(ledger.rows().outputs[1].is_configured);
}

// Without a store the first output that joins leads.
TEST(Ledger, TheFirstOutputThatJoinsLeads) {
  Ledger ledger(0);
  LedgerEntry& a = ledger.entry(kA);
  a.records.add(10), a.filtered.add(10);
  OutputCounts &first = ledger.prepare_output("first"), &second = ledger.prepare_output("second");
  ledger.join_output(first, {});
  ledger.join_output(second, {});
  a.records.add(3), first.acknowledge(a.index, 3), second.acknowledge(a.index, 3);
  EXPECT_EQ(a.stored.value(), 3);
  EXPECT_EQ(second.counts(a.index).settled(), 3);
}

// The store has listed more than the ledger has saved.
TEST(Ledger, CountsAreRaisedToWhatAnOutputAcknowledged) {
  LedgerSnapshot left;
  left.entries.push_back({.key = kA, .records = 100, .stored = 60});
  left.outputs = {{"store", {{}}}};
  left.outputs[0].counts[0].of[kDeliveryAcknowledged] = 60;
  Ledger ledger(0);
  OutputCounts& store = ledger.add_output("store");
  ledger.restore(left);
  ledger.raise_acknowledged(store, kA, false, 90);
  ledger.raise_acknowledged(store, kA, false, 80);
  ledger.raise_acknowledged(store, kB, true, 7);  // of an exporter that was never saved
  EXPECT_EQ(ledger.settle_unfinished(), 10);
  EXPECT_EQ(ledger.entry(kA).stored.value(), 90);
  EXPECT_EQ(ledger.entry(kA).sink_dropped.value(), 10);
  EXPECT_EQ(store.counts(ledger.entry(kA).index).dropped(OutputError::crash), 10);
  EXPECT_EQ(ledger.entry(kB).counter_samples.value(), 7);
  EXPECT_EQ(ledger.entry(kB).counters_stored.value(), 7);
}

// An entry is reused only once every output has settled its records; its counts are moved to "other" with the row.
TEST(Ledger, EvictedRowsTakeTheirDeliveriesAlong) {
  Ledger ledger(0, 16);
  OutputCounts& first = ledger.add_output("first");
  OutputCounts& second = ledger.add_output("second");
  for (uint32_t n = 0; n < 500; ++n) {
    LedgerEntry& entry = ledger.entry({IpAddress::v4(0x0a000000 + n), Protocol::netflow9, 0});
    entry.records.add(3);
    first.acknowledge(entry.index, 3);
    second.acknowledge(entry.index, 1);
    second.drop(entry.index, OutputError::no_space, 2);
  }
  const LedgerSnapshot rows = ledger.rows();
  int64_t acknowledged = 0, dropped = 0;
  for (size_t i = 0; i < rows.entries.size(); ++i) {
    EXPECT_EQ(rows.outputs[0].counts[i].settled(), rows.entries[i].records);
    acknowledged += rows.outputs[1].counts[i].acknowledged();
    dropped += rows.outputs[1].counts[i].dropped(OutputError::no_space);
  }
  EXPECT_LE(rows.entries.size(), 17u);
  EXPECT_EQ(acknowledged, 500);
  EXPECT_EQ(dropped, 1000);
}

TEST(Ledger, CountingBeganWithTheFirstRun) {
  Ledger first(1'000), later(2'000);
  first.restore({});  // a new catalog
  EXPECT_EQ(first.rows().since_ns, 1'000);
  later.restore(first.rows());
  EXPECT_EQ(later.rows().since_ns, 1'000);
}

LedgerKey junk(uint32_t domain) { return {IpAddress::v4(0xc0000299), Protocol::netflow9, domain}; }

int64_t sum(const Ledger& ledger, int64_t LedgerRow::* column) {
  int64_t total = 0;
  for (const LedgerRow& row : ledger.rows().entries) total += row.*column;
  return total;
}

// The row of one exporter, if it has one of its own.
std::optional<LedgerRow> row_of(const Ledger& ledger, const LedgerKey& key) {
  for (const LedgerRow& row : ledger.rows().entries)
    if (row.key == key) return row;
  return {};
}

TEST(Ledger, WhenFullRowsThatNeverGaveARecordAreEvicted) {
  Ledger ledger(0, 64);
  LedgerEntry& good = ledger.entry(kA);
  good.records.add(7), good.stored.add(7), good.datagrams.add();
  for (uint32_t n = 0; n < 1000; ++n) ledger.entry(junk(n)).datagrams.add();
  ledger.entry(kB).datagrams.add();
  EXPECT_EQ(row_of(ledger, kB)->datagrams, 1) << "a newcomer has a row of its own";
  EXPECT_EQ(row_of(ledger, kA)->records, 7);
  EXPECT_EQ(sum(ledger, &LedgerRow::datagrams), 1002);
  EXPECT_GT(row_of(ledger, LedgerKey{})->datagrams, 900);
  EXPECT_LE(ledger.rows().entries.size(), 65u);
}

TEST(Ledger, AnEntryWithRecordsOnTheirWayKeepsItsRow) {
  Ledger ledger(0, 16);
  LedgerEntry& writing = ledger.entry(junk(0));
  writing.records.add(5);  // counted by no output yet
  for (uint32_t n = 1; n < 500; ++n) {
    LedgerEntry& settled = ledger.entry(junk(n));
    settled.records.add(1), settled.sink_dropped.add(1);
  }
  ledger.at(writing.index).stored.add(5);
  EXPECT_EQ(row_of(ledger, junk(0))->stored, 5);
  EXPECT_EQ(sum(ledger, &LedgerRow::records), 504);
}

TEST(Ledger, LateCountsOfAnEvictedRowAreAddedToOther) {
  Ledger ledger(0, 16);
  auto arrive = [&](uint32_t n) {  // the idlest is evicted first
    LedgerEntry& entry = ledger.entry(junk(n));
    entry.last_seen_ns.set(n + 1);
    entry.datagrams.add();
  };
  LedgerHold held = ledger.hold(junk(0));
  for (uint32_t n = 1; n < 500; ++n) arrive(n);
  ASSERT_FALSE(row_of(ledger, junk(0)));
  held->records.add(3), held->datagrams.add();
  EXPECT_EQ(sum(ledger, &LedgerRow::datagrams), 500);
  EXPECT_EQ(row_of(ledger, LedgerKey{})->records, 3);
  const uint32_t index = held->index;
  held = ledger.hold(junk(499));
  for (uint32_t n = 500; n < 1000; ++n) arrive(n);
  EXPECT_EQ(row_of(ledger, LedgerKey{})->records, 3) << "no row has taken the place that a batch names";
  ledger.at(index).stored.add(3);
  for (uint32_t n = 1000; n < 1500; ++n) arrive(n);
  EXPECT_EQ(sum(ledger, &LedgerRow::stored), 3);
  EXPECT_EQ(sum(ledger, &LedgerRow::datagrams), 1500);
}

TEST(Ledger, RowsWithAStreamStay) {
  Ledger ledger(0, 16);
  LedgerHold stream = ledger.hold_for_stream(junk(0));
  for (uint32_t n = 1; n < 500; ++n) ledger.entry(junk(n)).datagrams.add();
  EXPECT_TRUE(row_of(ledger, junk(0)));
}

TEST(Ledger, ABudgetBoundsItsRowsAndNewExportersAlwaysGetOne) {
  SenderBudget budget(64 * Ledger(0).row_bytes());
  Ledger ledger(0, 10'000, &budget);
  for (uint32_t n = 0; n < 1000; ++n) ledger.entry(junk(n)).datagrams.add();
  EXPECT_LE(ledger.rows().entries.size(), 65u);
  EXPECT_LE(budget.total(), budget.limit());
  ledger.entry(kB).datagrams.add();
  EXPECT_TRUE(row_of(ledger, kB));
  EXPECT_EQ(sum(ledger, &LedgerRow::datagrams), 1001);
}

TEST(Ledger, AFullLedgerOfAnEarlierRunLocksNobodyOut) {
  Ledger first(0, 64), second(0, 64);
  for (uint32_t n = 0; n < 1000; ++n) first.entry(junk(n)).datagrams.add();
  second.restore(first.rows());
  second.settle_unfinished();
  second.entry(kB).datagrams.add();
  EXPECT_TRUE(row_of(second, kB));
  EXPECT_EQ(sum(second, &LedgerRow::datagrams), 1001);
}

}  // namespace
}  // namespace weir
