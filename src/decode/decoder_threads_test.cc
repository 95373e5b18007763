// SPDX-License-Identifier: Apache-2.0
// Tests two workers that share templates, streams and ledger while all of these change: for the thread sanitizer, and
// to check the sums.
#include <atomic>
#include <thread>

#include "decode/testing/decoder_fixture.h"

namespace weir {
namespace {

constexpr uint32_t kRounds = 400;
constexpr uint16_t kPorts = 4;
constexpr int64_t kStart = kExportSeconds * 1'000'000'000ll;

struct Shared {
  explicit Shared(SenderBudget& shared_budget) : budget(shared_budget), templates(config(shared_budget)) {}
  static TemplateStoreConfig config(SenderBudget& budget) {
    TemplateStoreConfig config = Fixture::store_config(1'000'000);
    config.hold.bytes_per_exporter = 20'000;  // some sets are given up
    config.lifetime_ns = 3600ll * 1'000'000'000;
    config.max_templates = 300;
    config.budget = &budget;
    return config;
  }
  SenderBudget& budget;
  Ledger ledger{0, limits::kLedgerRows, &budget};
  TemplateStore templates;
  Streams streams{ledger, templates, &budget};
  BatchPool pool;
};

// What one exporter sends. Both workers receive from every exporter, so each session is changed by both.
class Sender {
 public:
  explicit Sender(uint16_t port) : port_(port) {}
  // A separate sequence for each worker is not what an exporter sends, but covers all that a worker can receive.
  Writer next(uint32_t round) {
    const uint16_t layout = round % 7 == 0 ? 8 : 4;
    if (round % 50 == 49) sequence_ = 0, uptime_ms_ = 0;  // a restart
    ++sequence_, uptime_ms_ += 10;
    const auto id = static_cast<uint16_t>(256 + round % 5);
    Writer sets;
    if (round % 3 == 0) sets.add(netflow9_template(id, {{1, layout}, {10, 4}}));
    if (round % 11 == 0) sets.add(netflow9_options_template(300, {{2, 4}}, {{82, 8}}));
    if (round % 11 < 3) sets.add(set(300, Writer().u32(1 + round % 40).text("name" + std::to_string(round), 8)));
    sets.add(set(id, Writer().u32(round).u32(1 + round % 40)));
    sets.add(set(static_cast<uint16_t>(400 + round % 50), Writer().u32(round).u32(1)));  // never gets a template
    return netflow9(sequence_, uptime_ms_, sets, port_);
  }

 private:
  const uint16_t port_;
  uint32_t sequence_ = 0, uptime_ms_ = 0;
};

// `forged`: exporters that come and go in each round.
void work(Shared& shared, uint32_t worker, uint32_t forged, std::atomic<int64_t>& rows) {
  Decoder decoder({}, shared.templates, shared.streams, shared.ledger, shared.pool,
                  [&](std::unique_ptr<FlowBatch> batch) { rows += batch->rows(); });
  std::vector<Sender> senders;
  for (uint16_t port = 0; port < kPorts; ++port) senders.emplace_back(port);
  for (uint32_t round = 0; round < kRounds; ++round) {
    const int64_t now_ns = kStart + round * 10'000'000ll;
    for (uint16_t port = 0; port < kPorts; ++port) {
      const Writer datagram = senders[port].next(round);
      decoder.decode({datagram.bytes, *IpAddress::parse("192.0.2.1"), static_cast<uint16_t>(4000 + port), now_ns});
    }
    // So that templates, streams and rows have to be evicted.
    const Writer junk = netflow9(1, 1, netflow9_template(256, {{1, 4}}).add(netflow9_template(257, {{2, 4}})));
    for (uint32_t i = 0; i < forged; ++i)
      decoder.decode({junk.bytes, IpAddress::v4(0x0a000000 + 2 * (forged * round + i) + worker), 4000, now_ns});
    if (round % 20 == 0) decoder.tick(now_ns);
    if (round % 100 == 0) shared.ledger.rows();
    if (round % 100 == 50) shared.templates.waiting(10);
  }
  decoder.flush();
}

struct Sums {
  int64_t records = 0, datagrams = 0, held = 0, templates = 0, missing = 0, settled = 0;
};

// The sums of what two workers count, after all waiting sets have been given up.
Sums run(Shared& shared, uint32_t forged, std::atomic<int64_t>& rows) {
  std::thread other([&] { work(shared, 1, forged, rows); });
  work(shared, 0, forged, rows);
  other.join();
  Decoder last({}, shared.templates, shared.streams, shared.ledger, shared.pool,
               [&](std::unique_ptr<FlowBatch> batch) { rows += batch->rows(); });
  last.tick(kStart + 3600ll * 1'000'000'000, true);
  last.give_up_held();
  last.flush();
  Sums sums;
  for (const LedgerRow& row : shared.ledger.rows().entries) {
    sums.records += row.records, sums.datagrams += row.datagrams, sums.held += row.held;
    sums.templates += row.templates, sums.missing += row.missing_template;
    sums.settled += row.replayed_sets + row.expired + row.quarantined;
  }
  return sums;
}

TEST(DecoderThreads, TwoWorkersShareChangingState) {
  SenderBudget budget(64u << 20);
  Shared shared(budget);
  std::atomic<int64_t> rows{0};
  const Sums sums = run(shared, 1, rows);
  EXPECT_EQ(sums.datagrams, 2 * kRounds * (kPorts + 1));
  EXPECT_EQ(sums.records, rows.load());
  EXPECT_GT(sums.records, 1'000);
  EXPECT_EQ(sums.held, 0);
  EXPECT_EQ(sums.missing, sums.settled) << "each set that waited was decoded later or given up, once";
  EXPECT_EQ(sums.templates, static_cast<int64_t>(shared.templates.template_count()));
  EXPECT_LE(sums.templates, 300 + 8);
}

// One worker reads options data from one port while another reads flows from a second port, which borrow these names.
TEST(DecoderThreads, OneReadsOptionsDataThatTheOtherBorrows) {
  static constexpr uint32_t kDatagrams = 2'000;
  SenderBudget budget(64u << 20);
  Shared shared(budget);
  std::atomic<int64_t> named{0};
  auto send = [&](uint16_t port, auto datagram_of) {
    Decoder decoder({}, shared.templates, shared.streams, shared.ledger, shared.pool,
                    [&](std::unique_ptr<FlowBatch> b) {
                      for (uint32_t row = 0; row < b->rows(); ++row)
                        named += text_of(*b, Field::in_if_name, row).starts_with("name");
                    });
    for (uint32_t n = 0; n < kDatagrams; ++n) {
      const Writer datagram = datagram_of(n);
      decoder.decode({datagram.bytes, *IpAddress::parse("192.0.2.1"), port, kStart + n * 10'000'000ll});
    }
    decoder.flush();
  };
  const Writer options = netflow9_options_template(300, {{2, 4}}, {{82, 8}}), flows = netflow9_template(256, {{10, 4}});
  auto telling = [&](uint32_t n) {
    const Writer announced = set(300, Writer().u32(1 + n % 40).text("name" + std::to_string(n), 8));
    return netflow9(n, 10 * n, n % 50 == 0 ? Writer(options).add(announced) : announced);
  };
  auto borrowing = [&](uint32_t n) {
    const Writer flow = set(256, Writer().u32(1 + n % 40));
    return netflow9(n, 10 * n, n % 50 == 0 ? Writer(flows).add(flow) : flow);
  };
  std::thread other([&] { send(4000, telling); });
  send(4001, borrowing);
  other.join();
  send(4001, borrowing);  // by now all names are announced
  EXPECT_GE(named.load(), kDatagrams - 100);
  EXPECT_GE(shared.ledger.entry({*IpAddress::parse("192.0.2.1"), Protocol::netflow9, 0}).borrowed.value(),
            kDatagrams - 100);
}

// Streams, templates and rows of 16,000 junk exporters, under a budget for a few hundred of them.
TEST(DecoderThreads, TwoWorkersShareAFullBudget) {
  static constexpr uint32_t kForged = 20;
  SenderBudget budget(1u << 20);
  Shared shared(budget);
  std::atomic<int64_t> rows{0};
  const Sums sums = run(shared, kForged, rows);
  EXPECT_EQ(sums.datagrams, 2 * kRounds * (kPorts + kForged)) << "no sum over all rows falls";
  EXPECT_EQ(sums.records, rows.load());
  EXPECT_GT(sums.records, 1'000);
  EXPECT_EQ(sums.missing, sums.settled);
  EXPECT_LE(budget.total(), budget.limit() + budget.limit() / 8);
  int64_t good = 0, refused = 0;
  for (const LedgerRow& row : shared.ledger.rows().entries)
    if (row.key.exporter == *IpAddress::parse("192.0.2.1"))
      good += row.datagrams, refused += row.refused_by_reason[static_cast<size_t>(Refused::sessions_full)];
  EXPECT_EQ(good, 2 * kRounds * kPorts) << "the one that gives records has rows of its own, always";
  EXPECT_EQ(refused, 0) << "and streams";
}

}  // namespace
}  // namespace weir
