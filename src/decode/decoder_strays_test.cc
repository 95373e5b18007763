// SPDX-License-Identifier: Apache-2.0
// Tests datagrams with sequence numbers that their stream does not confirm, among those of a good exporter.
#include "senders/stray.h"

#include <gtest/gtest.h>

#include <random>

#include "decode/testing/decoder_fixture.h"
#include "decode/testing/sflow_octets.h"
#include "os/clock.h"

namespace weir {
namespace {

constexpr uint32_t kUptimeMs = 90'000'000;
const Writer kTemplate9 = netflow9_template(256, {{1, 4}});
const Writer kTemplate10 = ipfix_template(256, {{1, 4}});
const Writer kRecord = set(256, Writer().u32(1));

Writer netflow5(uint32_t sequence, uint32_t uptime_ms) {
  return Writer().u16(5).u16(1).u32(uptime_ms).u32(kExportSeconds).u32(0).u32(sequence).u32(0).add(Writer().put(0, 48));
}

// An exporter that sends one record per datagram, and a sender that forges its address.
struct Exporter {
  explicit Exporter(Protocol of) : protocol(of) {}
  void first() { f.send(make(next++, kUptimeMs, template_set())); }
  void good() { f.send(make(next, kUptimeMs + 100 * next, record())), ++next; }
  Writer make(uint32_t sequence, uint32_t uptime_ms, const Writer& sets) const {
    if (protocol == Protocol::netflow5) return netflow5(sequence, uptime_ms);
    return protocol == Protocol::netflow9 ? netflow9(sequence, uptime_ms, sets) : ipfix(sequence, sets);
  }
  Writer template_set() const {
    return Writer().add(protocol == Protocol::netflow9 ? kTemplate9 : kTemplate10).add(kRecord);
  }
  Writer record() const { return kRecord; }
  void wait(int64_t ns) { f.decoder.tick(os::monotonic_ns() + ns); }
  const LedgerEntry& entry() { return f.entry(protocol); }

  const Protocol protocol;
  Fixture f;
  uint32_t next = 0;
};

class Strays : public testing::TestWithParam<Protocol> {};

TEST_P(Strays, ForgedSequenceNumbersDoNotAffectTheStream) {
  Exporter e(GetParam());
  e.first();
  std::mt19937 random(7);
  for (int n = 0; n < 100; ++n) {
    for (int burst = 0; burst < 3; ++burst) e.f.send(e.make(random(), random(), n % 2 ? e.record() : e.template_set()));
    e.good();
  }
  e.f.decoder.give_up_held();
  const LedgerEntry& entry = e.entry();
  EXPECT_EQ(entry.datagrams.value(), 401);
  EXPECT_EQ(entry.records.value(), 401);  // forged ones included: nothing in a record shows who sent it
  EXPECT_EQ(entry.duplicates.value(), 300);
  EXPECT_EQ(entry.duplicate_records.value(), 300);
  EXPECT_EQ(entry.restarts.value(), 0);
  EXPECT_EQ(entry.sequence_lost.value(), 0);
  EXPECT_EQ(entry.quarantined.value() + entry.held.value() + entry.missing_template.value(), 0);
}

TEST_P(Strays, ARestartThatTheNextDatagramConfirmsCounts) {
  Exporter e(GetParam());
  e.next = 0x7000'0000;
  e.first();
  e.good();
  e.f.send(e.make(0, 1'000, e.template_set()));
  EXPECT_EQ(e.entry().datagrams.value(), 2) << "it waits";
  EXPECT_EQ(e.entry().restarts.value(), 0);
  e.f.send(e.make(2, 1'100, e.record()));
  EXPECT_EQ(e.entry().restarts.value(), 1);
  EXPECT_EQ(e.entry().records.value(), 4);
  EXPECT_EQ(e.entry().sequence_lost.value(), 1);
  EXPECT_EQ(e.entry().duplicates.value(), 0);
}

TEST_P(Strays, AJumpCountsAsLossOnceItIsConfirmed) {
  Exporter e(GetParam());
  e.first();
  e.next = 1'000'001;
  e.good();
  EXPECT_EQ(e.entry().sequence_lost.value(), 0);
  e.good();
  EXPECT_EQ(e.entry().sequence_lost.value(), 1'000'000);
  EXPECT_EQ(e.entry().records.value(), 3);
  EXPECT_EQ(e.entry().restarts.value(), 0);
}

TEST_P(Strays, AreConfirmedAfterAWhileIfNothingElseArrives) {
  Exporter e(GetParam());
  e.first();
  e.next = 1'000'001;
  e.good();
  e.wait(kStrayWaitNs - 1'000'000'000);
  EXPECT_EQ(e.entry().records.value(), 1);
  e.wait(kStrayWaitNs);
  EXPECT_EQ(e.entry().records.value(), 2);
  EXPECT_EQ(e.entry().sequence_lost.value(), 1'000'000);
}

TEST_P(Strays, CopiesConfirmNothing) {
  Exporter e(GetParam());
  e.first();
  for (int n = 0; n < 10; ++n) e.f.send(e.make(0x8000'0123, 5, e.record()));
  for (uint32_t n = 0; n < kMaxGoneOn; ++n) e.good();
  EXPECT_EQ(e.entry().restarts.value(), 0);
  EXPECT_EQ(e.entry().sequence_lost.value(), 0);
  EXPECT_EQ(e.entry().duplicates.value(), 10);
  EXPECT_EQ(e.entry().records.value(), 1 + 10 + kMaxGoneOn);
}

TEST_P(Strays, LateDatagramsFromBeforeARestartDoNotDenyIt) {
  Exporter e(GetParam());
  e.next = 0x7000'0000;
  e.first();
  e.f.send(e.make(0, 1'000, e.template_set()));
  for (int n = 0; n < 5; ++n) e.good();
  e.f.send(e.make(1, 1'100, e.record()));
  EXPECT_EQ(e.entry().restarts.value(), 1);
  EXPECT_EQ(e.entry().sequence_lost.value(), 0);
  EXPECT_EQ(e.entry().duplicates.value(), 0);
  EXPECT_EQ(e.entry().records.value(), 8);
}

INSTANTIATE_TEST_SUITE_P(All, Strays, testing::Values(Protocol::netflow5, Protocol::netflow9, Protocol::ipfix),
                         [](const auto& param) { return std::string(protocol_name(param.param)); });

int64_t refused(const LedgerEntry& entry, Refused reason) {
  return entry.refused_by_reason[static_cast<size_t>(reason)].value();
}

// For a stray that the stream denies; otherwise records would be read with a layout that their exporter never sent.
TEST(Stray, ItsTemplatesAndOptionsDataAreNotApplied) {
  Exporter e(Protocol::ipfix);
  e.first();
  Writer options = ipfix_options_template(257, 1, {{149, 4}, {34, 4}});  // a sampling interval for the domain
  e.f.send(ipfix(1, options)), e.good();
  for (uint32_t wild : {0x7000'0000u, 0x1000'0000u, 0xff00'0000u}) {
    e.f.send(ipfix(wild, ipfix_template(256, {{7, 2}, {11, 2}}).add(set(257, Writer().u32(0).u32(5'000)))));
    for (uint32_t n = 0; n < kMaxGoneOn; ++n) e.good();
  }
  EXPECT_EQ(refused(e.entry(), Refused::out_of_sequence), 2 * 3);
  e.f.rows();
  e.f.batches.clear();
  e.good();
  EXPECT_EQ(number_of(e.f.rows(), Field::bytes), 1u);
  EXPECT_EQ(rate_of(e.f.rows()), 0u);
}

// An exporter whose sequence numbers have no order at all: one that numbers wrongly, or several behind one address and
// port.
TEST(Stray, TemplatesAreAppliedIfTheStreamHasNoOrder) {
  Exporter e(Protocol::ipfix);
  e.first();
  for (uint32_t n = 0; n < 2 * kMaxInRow; ++n)
    e.f.send(ipfix(0x2000'0000 * (1 + n % 5), ipfix_template(300 + n, {{1, 4}}).add(set(300 + n, Writer().u32(n)))));
  e.f.decoder.give_up_held();
  EXPECT_EQ(e.entry().restarts.value(), 1) << "nothing comes after the last one";
  EXPECT_EQ(e.entry().sequence_lost.value(), 0);
  EXPECT_EQ(refused(e.entry(), Refused::out_of_sequence), kMaxInRow);
  EXPECT_EQ(e.entry().records.value(), 1 + kMaxInRow);
}

TEST(Stray, IsCountedIfItsStreamIsEvicted) {
  Ledger ledger{0};
  TemplateStore templates{Fixture::store_config(0)};
  Streams streams{ledger, templates, nullptr, 8};
  BatchPool pool;
  Decoder decoder({}, templates, streams, ledger, pool, [&](auto batch) { pool.give_back(std::move(batch)); });
  int64_t now = 0;
  auto send = [&](const Writer& datagram) { decoder.decode({datagram.bytes, IpAddress::v4(0xc0000201), 4000, ++now}); };
  send(netflow9(0, kUptimeMs, Writer()));
  send(netflow9(0x7000'0000, kUptimeMs, Writer()));
  for (uint32_t domain = 1; domain <= 64; ++domain) send(netflow9(0, kUptimeMs, kTemplate9, domain));
  const LedgerEntry& entry = ledger.entry({IpAddress::v4(0xc0000201), Protocol::netflow9, 0});
  EXPECT_EQ(entry.datagrams.value(), 2);
  EXPECT_EQ(refused(entry, Refused::sessions_full), 1);
}

TEST(Stray, IsChargedToItsSender) {
  SenderBudget budget(1 << 20);
  Ledger ledger(0, 64, &budget);
  TemplateStore templates{Fixture::store_config(0)};
  Streams streams{ledger, templates, &budget};
  BatchPool pool;
  Decoder decoder({}, templates, streams, ledger, pool, [&](auto batch) { pool.give_back(std::move(batch)); });
  auto send = [&](const Writer& datagram) { decoder.decode({datagram.bytes, IpAddress::v4(0xc0000201), 4000, 1}); };
  send(ipfix(0, kTemplate10));
  const size_t before = budget.total();
  send(ipfix(0x7000'0000, set(256, Writer().put(0, 20'000))));
  EXPECT_GE(budget.total(), before + 20'000);
  send(ipfix(0x7000'0000 + 20'000 / 4, set(256, Writer().u32(1))));
  EXPECT_LT(budget.total(), before + 10'000);
}

// sFlow has sequence numbers for datagrams and for samples.
TEST(Stray, ForgedSflowDoesNotAffectTheStream) {
  Fixture f;
  std::mt19937 random(7);
  uint32_t number = 1;
  auto send = [&](uint32_t sequence, uint32_t sample, uint32_t uptime_ms) {
    Writer datagram;
    datagram.bytes =
        words({5, 1, 0xcb007105, 0, sequence, uptime_ms, 1}) + item(1, words({sample, 7, 512, 51'200, 0, 7, 8, 0}));
    f.send(datagram);
  };
  for (send(number++, 101, 51'000); number <= 51; ++number) {
    send(random(), random(), random());
    send(number, 100 + number, 50'000 + number * 1'000);
  }
  f.decoder.give_up_held();
  const LedgerEntry& entry = f.entry(Protocol::sflow5);
  EXPECT_EQ(entry.records.value(), 101);
  EXPECT_EQ(entry.duplicates.value(), 50);
  EXPECT_EQ(entry.restarts.value(), 0);
  EXPECT_EQ(entry.sequence_lost.value(), 0);
  send(1, 1, 1'000);
  send(2, 2, 2'000);
  EXPECT_EQ(entry.restarts.value(), 1);
}

}  // namespace
}  // namespace weir
