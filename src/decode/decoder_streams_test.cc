// SPDX-License-Identifier: Apache-2.0
#include "senders/streams.h"

#include <thread>

#include "decode/testing/decoder_fixture.h"

namespace weir {
namespace {

const IpAddress kFlood = IpAddress::v4(0xc0000201), kGood = IpAddress::v4(0xc0000202);

SessionKey junk(uint32_t domain) { return {kFlood, 4000, Protocol::netflow9, domain}; }

struct Table {
  explicit Table(size_t limit, SenderBudget* budget = nullptr)
      : ledger(0, limits::kLedgerRows, budget), streams(ledger, templates, budget, limit) {}
  Ledger ledger;
  TemplateStore templates{Fixture::store_config(0)};
  Streams streams;
};

TEST(Streams, StreamsWithoutRecordsAreEvictedFirst) {
  Table t(64);
  auto good = t.streams.find({kFlood, 4001, Protocol::netflow9, 7}, 1);  // others forge its address
  good->gave_records.store(true);
  auto idle = t.streams.find({kGood, 4000, Protocol::ipfix, 0}, 1);  // no template yet
  for (uint32_t n = 0; n < 1000; ++n) ASSERT_TRUE(t.streams.find(junk(n), 2 + n));
  EXPECT_FALSE(good->forgotten.load());
  EXPECT_FALSE(idle->forgotten.load());
}

TEST(Streams, BudgetLimitsThemAndSmallExportersAreAdmitted) {
  SenderBudget budget(256 << 10);
  Table t(100'000, &budget);
  auto good = t.streams.find({kGood, 4000, Protocol::ipfix, 0}, 1);
  for (uint32_t n = 0; n < 5000; ++n) t.streams.find(junk(n), 2 + n);
  EXPECT_LE(budget.total(), budget.limit());
  EXPECT_FALSE(good->forgotten.load());
  EXPECT_TRUE(t.streams.find({IpAddress::v4(0xc0000203), 4000, Protocol::netflow9, 0}, 6000));
}

// Two workers share senders while other senders come and go. If one worker evicts a stream whose first datagram the
// other is reading, the data of that stream waits for a template again: nothing is lost without being counted.
TEST(Streams, TwoWorkersAndChurn) {
  SenderBudget budget(16 << 20);
  Table t(256, &budget);
  BatchPool pool;
  std::atomic<int64_t> rows{0};
  auto work = [&](uint32_t seed) {
    Decoder decoder({}, t.templates, t.streams, t.ledger, pool, [&](std::unique_ptr<FlowBatch> batch) {
      rows += batch->rows();
      for (const weir::Run& run : batch->runs()) t.ledger.at(run.entry).stored.add_last(run.rows);
      pool.give_back(std::move(batch));
    });
    Writer sets = netflow9_template(256, {{1, 4}}).add(set(256, Writer().u32(1)));
    for (uint32_t n = 0; n < 3000; ++n) {
      Writer good = netflow9(n, 1000 + n, sets), other = netflow9(n, 1000 + n, n % 3 ? Writer() : sets, n * 2 + seed);
      decoder.decode({good.bytes, kGood, 4000, 1 + n});
      decoder.decode({other.bytes, kFlood, 4000, 1 + n});
      if (n % 64 == 0) decoder.flush();
      if (n % 500 == 0) decoder.tick(n);
    }
    decoder.flush();
  };
  std::thread other(work, 0);
  work(1);
  other.join();
  int64_t records = 0, datagrams = 0, stored = 0, waiting = 0;
  for (const LedgerRow& row : t.ledger.rows().entries) {
    records += row.records, datagrams += row.datagrams, stored += row.stored;
    waiting += row.held + row.expired + row.quarantined;  // sets of one record each
  }
  EXPECT_EQ(rows.load() + waiting, 2 * (3000 + 1000));
  EXPECT_GT(rows.load(), 2 * 3000 + 1000);
  EXPECT_EQ(records, rows.load());
  EXPECT_EQ(stored, rows.load());
  EXPECT_EQ(datagrams, 2 * 6000);
}

}  // namespace
}  // namespace weir
