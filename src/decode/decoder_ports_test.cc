// SPDX-License-Identifier: Apache-2.0
// Tests an exporter behind a load balancer that gives each datagram another source port.
#include <filesystem>

#include "decode/testing/decoder_fixture.h"
#include "os/clock.h"

namespace weir {
namespace {

constexpr uint32_t kDomain = 7;
constexpr uint16_t kFirstPort = 30'000;

Writer data(uint32_t n) { return set(256, Writer().u64(n)); }
const Writer kTemplate = ipfix_template(256, {{1, 8}});

// Sends `count` messages of one record, each from its own port; the template is in every `every`-th, beginning with the
// first.
void send_all(Fixture& f, uint32_t count, uint32_t every) {
  for (uint32_t n = 0; n < count; ++n) {
    Writer sets = n % every == 0 ? kTemplate : Writer();
    f.send(ipfix(n, sets.add(data(n)), kDomain), static_cast<uint16_t>(kFirstPort + n));
  }
}

uint64_t rows_of(Fixture& f) {
  f.decoder.flush();
  uint64_t rows = 0;
  for (const auto& batch : f.batches) rows += batch->rows();
  return rows;
}

void expect_one_session(Fixture& f, uint32_t records) {
  const LedgerEntry& entry = f.entry(Protocol::ipfix, kDomain);
  EXPECT_EQ(rows_of(f), records);
  EXPECT_EQ(entry.records.value(), records);
  EXPECT_EQ(entry.held.value(), 0);
  EXPECT_EQ(entry.held_bytes.value(), 0);
  EXPECT_EQ(entry.fallback.value(), 0);
  EXPECT_EQ(entry.expired.value(), 0);
  EXPECT_EQ(entry.restarts.value(), 0);
  EXPECT_EQ(entry.sequence_lost.value(), 0);
  EXPECT_EQ(entry.templates.value(), 1);
  EXPECT_EQ(f.templates.template_count(), 1u);
}

TEST(DecoderPorts, ConfiguredNetworkIsOneSessionFromTheFirstDatagram) {
  Fixture f(0, {}, {{parse_network("192.0.2.0/24")}, true});
  send_all(f, 1'000, 2'000);
  EXPECT_EQ(f.entry(Protocol::ipfix, kDomain).replayed.value(), 0);
  expect_one_session(f, 1'000);
}

TEST(DecoderPorts, IsDetectedAndTheHeldSetsAreRead) {
  Fixture f;
  send_all(f, 1'000, 2'000);
  EXPECT_EQ(f.entry(Protocol::ipfix, kDomain).replayed_sets.value(), 63);  // of ports 2 to 64
  EXPECT_EQ(f.entry(Protocol::ipfix, kDomain).streams.load(), 1);
  expect_one_session(f, 1'000);
}

// Losses are counted from one second later on; before that the workers may have received the datagrams out of order.
TEST(DecoderPorts, LossAfterTheJoinIsCounted) {
  Fixture f;
  send_all(f, 100, 2'000);
  auto send = [&](uint32_t n, int64_t ms) {
    const Writer message = ipfix(n, data(n), kDomain);
    f.decoder.decode({message.bytes, *IpAddress::parse("192.0.2.1"), static_cast<uint16_t>(kFirstPort + n),
                      kExportSeconds * 1'000'000'000ll + ms * 1'000'000});
  };
  send(120, 900);
  send(110, 990);
  const LedgerEntry& entry = f.entry(Protocol::ipfix, kDomain);
  EXPECT_EQ(entry.sequence_lost.value(), 0);
  EXPECT_EQ(entry.duplicates.value(), 0);
  send(200, 1'000);
  send(211, 1'001);
  EXPECT_EQ(entry.sequence_lost.value(), 10);
  send(205, 1'002);
  EXPECT_EQ(entry.sequence_lost.value(), 9);
  EXPECT_EQ(entry.records.value(), 105);
}

// A set held since before the sequence is followed cannot explain a gap in the sequence that is followed now.
TEST(DecoderPorts, SetHeldBeforeTheJoinExplainsNoLaterGap) {
  Fixture f;
  send_all(f, 100, 2'000);
  auto send = [&](uint32_t n, const Writer& sets, int64_t ms) {
    const Writer message = ipfix(n, sets, kDomain);
    f.decoder.decode({message.bytes, *IpAddress::parse("192.0.2.1"), static_cast<uint16_t>(kFirstPort + n),
                      kExportSeconds * 1'000'000'000ll + ms * 1'000'000});
  };
  const LedgerEntry& entry = f.entry(Protocol::ipfix, kDomain);
  auto one = [](uint16_t id) { return set(id, Writer().u64(1)); };
  send(100, one(257), 900);
  send(101, ipfix_template(257, {{1, 8}}), 910);
  send(200, one(258), 2'000);
  send(210, data(210), 2'001);  // the set in message 200 may have one to ten records
  EXPECT_EQ(entry.held.value(), 1);
  EXPECT_EQ(entry.sequence_lost.value(), 0);
  send(211, ipfix_template(258, {{1, 8}}), 2'002);
  EXPECT_EQ(entry.held.value(), 0);
  EXPECT_EQ(entry.sequence_lost.value(), 9);
}

// A list inside a held set refers to a template by its id; the joined session has that template too.
TEST(DecoderPorts, ListsInHeldSetsAreRead) {
  Fixture f;
  const Writer templates = set(2, template_record(256, {{1, 8}}).add(template_record(300, {{2, 8}, {292, 65'535}})));
  for (uint32_t n = 0; n < 100; ++n) {
    const Writer list = Writer().u8(3).u16(256).u64(n);  // allOf, template 256, one record
    Writer record = Writer().u64(1).u8(list.bytes.size()).add(list);
    Writer sets = n == 0 ? templates : Writer();
    f.send(ipfix(n, sets.add(set(300, record)), kDomain), static_cast<uint16_t>(kFirstPort + n));
  }
  EXPECT_EQ(f.count(f.entry(Protocol::ipfix, kDomain), Malformed::list_template), 0);
  EXPECT_EQ(rows_of(f), 100u);
  uint64_t sum = 0;
  for (const auto& batch : f.batches)
    for (uint32_t row = 0; row < batch->rows(); ++row) sum += number_of(*batch, Field::bytes, row);
  EXPECT_EQ(sum, 99u * 100 / 2);
}

TEST(DecoderPorts, NewestTemplateOfAnIdIsUsed) {
  Fixture f;
  f.send(ipfix(0, ipfix_template(256, {{1, 4}, {2, 4}}), kDomain), 1);
  send_all(f, 200, 50);
  EXPECT_EQ(rows_of(f), 200u);
  uint64_t sum = 0;
  for (const auto& batch : f.batches)
    for (uint32_t row = 0; row < batch->rows(); ++row) sum += batch->number(Field::bytes, row);
  EXPECT_EQ(sum, 199u * 200 / 2);
}

TEST(DecoderPorts, OptionsDataOfThePortsAreKept) {
  Fixture f;
  Writer sets = ipfix_options_template(257, 1, {{149, 4}, {34, 4}}).add(set(257, Writer().u32(kDomain).u32(512)));
  f.send(ipfix(0, sets, kDomain), 1);
  for (uint32_t n = 1; n < 100; ++n) {
    Writer later = n % 20 == 1 ? kTemplate : Writer();
    f.send(ipfix(n, later.add(data(n)), kDomain), static_cast<uint16_t>(kFirstPort + n));
  }
  f.decoder.flush();
  f.batches.clear();
  const int64_t borrowed = f.entry(Protocol::ipfix, kDomain).borrowed.value();  // by ports, before they were joined
  f.send(ipfix(100, data(100), kDomain), 50'000);
  EXPECT_EQ(rate_of(f.rows()), 512u);
  EXPECT_EQ(f.entry(Protocol::ipfix, kDomain).borrowed.value(), borrowed);
}

TEST(DecoderPorts, EachPortIsASessionIfTurnedOff) {
  Fixture f(0, {}, {{}, false});
  send_all(f, 200, 2'000);
  EXPECT_EQ(rows_of(f), 1u);
  EXPECT_EQ(f.entry(Protocol::ipfix, kDomain).held.value(), 199);
  EXPECT_EQ(f.entry(Protocol::ipfix, kDomain).streams.load(), 200);
}

TEST(DecoderPorts, SequenceOfVersionsWithoutTemplatesContinues) {
  Fixture f;
  auto datagram = [](uint32_t n) {
    Writer w = Writer().u16(5).u16(1).u32(60'000 + n).u32(kExportSeconds).u32(0).u32(n).u16(0x0102).u16(0);
    for (int i = 0; i < 48; ++i) w.u8(0);
    return w;
  };
  for (uint32_t n = 0; n < 200; ++n) f.send(datagram(n), static_cast<uint16_t>(kFirstPort + n));
  const LedgerEntry& entry = f.entry(Protocol::netflow5, 0x0102);
  EXPECT_EQ(entry.records.value(), 200);
  EXPECT_EQ(entry.sequence_lost.value(), 0);
  EXPECT_EQ(entry.duplicates.value(), 0);
  EXPECT_EQ(entry.streams.load(), 1);
}

// After a restart of the collector the first datagram with only data is read: the journal has the session without a
// port.
TEST(DecoderPorts, RestartOfTheCollectorLosesNothing) {
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) / "decoder_ports";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  TemplateStoreConfig config = Fixture::store_config(0);
  config.journal_path = folder / "templates.journal";
  for (bool first : {true, false}) {
    Ledger ledger{0};
    TemplateStore templates(config);
    Streams streams(ledger, templates);
    streams.restore_sessions();
    BatchPool pool;
    int64_t rows = 0;
    Decoder decoder({}, templates, streams, ledger, pool, [&](auto batch) { rows += batch->rows(); });
    for (uint32_t n = 0; n < 100; ++n) {
      const uint32_t number = n + (first ? 0 : 100);
      Writer sets = first && n == 0 ? kTemplate : Writer();
      const Writer message = ipfix(number, sets.add(data(number)), kDomain);
      decoder.decode({message.bytes, *IpAddress::parse("192.0.2.1"), static_cast<uint16_t>(kFirstPort + number),
                      kExportSeconds * 1'000'000'000ll});
    }
    decoder.flush();
    EXPECT_EQ(rows, 100) << (first ? "before" : "after");
    EXPECT_EQ(templates.template_count(), 1u);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace weir
