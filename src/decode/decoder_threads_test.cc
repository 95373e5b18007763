// SPDX-License-Identifier: Apache-2.0
// Two workers that share templates, streams and ledger, while everything changes: for the thread sanitizer, and for
// the sums.
#include <atomic>
#include <thread>

#include "decode/decoder_fixture.h"

namespace weir {
namespace {

constexpr uint32_t kRounds = 400;
constexpr uint16_t kPorts = 4;
constexpr int64_t kStart = kExportSeconds * 1'000'000'000ll;

struct Shared {
  Shared() : templates(config()) {}
  static TemplateStoreConfig config() {
    TemplateStoreConfig config = Fixture::store_config(1'000'000);
    config.hold.bytes_per_exporter = 20'000;  // some sets are given up
    config.lifetime_ns = 3600ll * 1'000'000'000;
    config.most_templates = 300;
    static SenderBudget budget(4u << 20);
    config.budget = &budget;
    return config;
  }
  Ledger ledger{0};
  TemplateStore templates;
  Streams streams{ledger, templates};
  BatchPool pool;
};

// What one exporter sends: both workers have each of them, so each session is changed by both.
class Sender {
 public:
  explicit Sender(uint16_t port) : port_(port) {}
  // A sequence of its own for each worker is not what an exporter sends, but all that a worker can meet.
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
    sets.add(set(static_cast<uint16_t>(400 + round % 50), Writer().u32(round).u32(1)));  // waits for ever
    return netflow9(sequence_, uptime_ms_, sets, port_);
  }

 private:
  const uint16_t port_;
  uint32_t sequence_ = 0, uptime_ms_ = 0;
};

void work(Shared& shared, uint32_t worker, std::atomic<int64_t>& rows) {
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
    // Exporters that come and go, so that templates have to make room.
    const Writer forged = netflow9(1, 1, netflow9_template(256, {{1, 4}}).add(netflow9_template(257, {{2, 4}})));
    decoder.decode({forged.bytes, IpAddress::v4(0x0a000000 + 2 * round + worker), 4000, now_ns});
    if (round % 20 == 0) decoder.tick(now_ns);
    if (round % 100 == 0) shared.ledger.rows();
    if (round % 100 == 50) shared.templates.waiting(10);
  }
  decoder.flush();
}

TEST(DecoderThreads, TwoWorkersShareWhatChanges) {
  Shared shared;
  std::atomic<int64_t> rows{0};
  std::thread other([&] { work(shared, 1, rows); });
  work(shared, 0, rows);
  other.join();
  Decoder last({}, shared.templates, shared.streams, shared.ledger, shared.pool,
               [&](std::unique_ptr<FlowBatch> batch) { rows += batch->rows(); });
  last.tick(kStart + 3600ll * 1'000'000'000, true);
  last.give_up_held();
  last.flush();

  int64_t records = 0, datagrams = 0, held = 0, templates = 0, missing = 0, settled = 0;
  for (const AccountRow& row : shared.ledger.rows().accounts) {
    records += row.records, datagrams += row.datagrams, held += row.held, templates += row.templates;
    missing += row.missing_template, settled += row.replayed_sets + row.expired + row.quarantined;
  }
  EXPECT_EQ(datagrams, 2 * kRounds * (kPorts + 1));
  EXPECT_EQ(records, rows.load());
  EXPECT_GT(records, 1'000);
  EXPECT_EQ(held, 0);
  EXPECT_EQ(missing, settled) << "each set that waited was decoded later or given up, once";
  EXPECT_EQ(templates, static_cast<int64_t>(shared.templates.template_count()));
  EXPECT_LE(templates, 300 + 8);
}

}  // namespace
}  // namespace weir
