// SPDX-License-Identifier: Apache-2.0
// Datagrams built by hand from the RFCs' layouts, through the whole decoder.
#include "decode/testing/decoder_fixture.h"

#include "os/clock.h"

namespace weir {
namespace {

Writer v5_record(uint32_t first_ms, uint32_t last_ms) {
  return Writer()
      .u32(0xc0000205)
      .u32(0xc6336407)
      .u32(0x0a000001)
      .u16(3)
      .u16(4)
      .u32(10)
      .u32(1500)
      .u32(first_ms)
      .u32(last_ms)
      .u16(12345)
      .u16(443)
      .u8(0)
      .u8(0x1b)
      .u8(6)
      .u8(0x20)
      .u16(64500)
      .u16(64501)
      .u8(24)
      .u8(16)
      .u16(0);
}
Writer v5(uint16_t count, const Writer& records, uint32_t uptime_ms = 100'000) {
  return Writer()
      .u16(5)
      .u16(count)
      .u32(uptime_ms)
      .u32(kExportSeconds)
      .u32(500'000'000)
      .u32(77)
      .u8(1)
      .u8(2)
      .u16(0x4000 | 100)
      .add(records);
}

// The fields that the records of v1, v5 and v7 in these tests have in common.
void expect_common(const FlowBatch& rows, uint32_t row) {
  EXPECT_EQ(rows.column<IpAddress>(Field::src_addr)[row].to_string(), "192.0.2.5");
  EXPECT_EQ(rows.column<IpAddress>(Field::dst_addr)[row].to_string(), "198.51.100.7");
  EXPECT_EQ(rows.column<IpAddress>(Field::next_hop)[row].to_string(), "10.0.0.1");
  EXPECT_EQ(rows.number(Field::in_if, row), 3u);
  EXPECT_EQ(rows.number(Field::out_if, row), 4u);
  EXPECT_EQ(rows.number(Field::packets, row), 10u);
  EXPECT_EQ(rows.number(Field::bytes, row), 1500u);
  EXPECT_EQ(rows.number(Field::src_port, row), 12345u);
  EXPECT_EQ(rows.number(Field::dst_port, row), 443u);
  EXPECT_EQ(rows.number(Field::tcp_flags, row), 0x1bu);
  EXPECT_EQ(rows.number(Field::proto, row), 6u);
  EXPECT_EQ(rows.number(Field::ip_tos, row), 0x20u);
}
// The fields that v1 does not have.
void expect_routing(const FlowBatch& rows, uint32_t row) {
  EXPECT_EQ(rows.number(Field::src_as, row), 64500u);
  EXPECT_EQ(rows.number(Field::dst_as, row), 64501u);
  EXPECT_EQ(rows.number(Field::src_net, row), 24u);
  EXPECT_EQ(rows.number(Field::dst_net, row), 16u);
}

TEST(Decoder, NetFlow5) {
  Fixture f;
  f.send(v5(1, v5_record(90'000, 99'000)));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 1u);
  const weir::Run& run = rows.runs()[0];
  EXPECT_EQ(run.type, FlowType::netflow5);
  EXPECT_EQ(run.sampling_rate, 100u);
  EXPECT_EQ(run.sequence, 77u);
  expect_common(rows, 0);
  expect_routing(rows, 0);
  EXPECT_EQ(rows.number(Field::etype, 0), 0x0800u);
  int64_t header_ns = kExportSeconds * 1'000'000'000ll + 500'000'000;
  EXPECT_EQ(rows.column<int64_t>(Field::time_flow_start_ns)[0], header_ns - 10'000'000'000);
  EXPECT_EQ(rows.column<int64_t>(Field::time_flow_end_ns)[0], header_ns - 1'000'000'000);
  EXPECT_EQ(f.entry(Protocol::netflow5, 0x0102).records.value(), 1);
}

// "NetFlow Export Datagram Format" (Cisco): version 1, header 16 octets, record 48.
TEST(Decoder, NetFlow1) {
  Writer record = Writer().u32(0xc0000205).u32(0xc6336407).u32(0x0a000001).u16(3).u16(4).u32(10).u32(1500);
  record.u32(90'000).u32(99'000).u16(12345).u16(443).u16(0xffff).u8(6).u8(0x20).u8(0x1b).put(0xffffff, 3);
  record.u32(0xffffffff);
  Fixture f;
  Writer header = Writer().u16(1).u16(2).u32(100'000).u32(kExportSeconds).u32(500'000'000);
  f.send(Writer(header).add(record).add(record));
  f.send(Writer(header).add(record));  // one short of its count
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 3u);
  EXPECT_EQ(rows.runs()[0].type, FlowType::netflow1);
  EXPECT_EQ(rows.runs()[0].sequence, 0u);
  expect_common(rows, 1);
  EXPECT_FALSE(rows.runs()[0].mask.has(Field::src_as));
  int64_t header_ns = kExportSeconds * 1'000'000'000ll + 500'000'000;
  EXPECT_EQ(rows.column<int64_t>(Field::time_flow_start_ns)[1], header_ns - 10'000'000'000);
  EXPECT_EQ(rows.column<int64_t>(Field::time_flow_end_ns)[1], header_ns - 1'000'000'000);
  const LedgerEntry& entry = f.entry(Protocol::netflow1);
  EXPECT_EQ(entry.records.value(), 3);
  EXPECT_EQ(entry.datagrams.value(), 2);
  EXPECT_EQ(Fixture::count(entry, Malformed::count_mismatch), 1);
  EXPECT_EQ(entry.sequence_lost.value(), 0);  // v1 has no sequence number
}

// Version 7 (Catalyst 5000), header 24 octets, record 52. Its sequence numbers count records, as in v5.
TEST(Decoder, NetFlow7) {
  Writer record = Writer().u32(0xc0000205).u32(0xc6336407).u32(0x0a000001).u16(3).u16(4).u32(10).u32(1500);
  record.u32(90'000).u32(99'000).u16(12345).u16(443).u8(0xff).u8(0x1b).u8(6).u8(0x20).u16(64500).u16(64501);
  record.u8(24).u8(16).u16(0xffff).u32(0x0a0a0a0a);
  auto datagram = [&](uint32_t sequence) {
    Writer header = Writer().u16(7).u16(1).u32(100'000).u32(kExportSeconds).u32(500'000'000).u32(sequence);
    return header.u32(0xffffffff).add(record);
  };
  Fixture f;
  f.send(datagram(77));
  f.send(datagram(81));  // 78, 79 and 80 were lost
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 2u);
  EXPECT_EQ(rows.runs()[0].type, FlowType::netflow7);
  EXPECT_EQ(rows.runs()[0].sequence, 77u);
  EXPECT_EQ(rows.runs()[0].domain, 0u);
  expect_common(rows, 0);
  expect_routing(rows, 0);
  int64_t header_ns = kExportSeconds * 1'000'000'000ll + 500'000'000;
  EXPECT_EQ(rows.column<int64_t>(Field::time_flow_start_ns)[0], header_ns - 10'000'000'000);
  EXPECT_EQ(f.entry(Protocol::netflow7).sequence_lost.value(), 3);
}

// The uptime wrapped between the flow and the header.
TEST(Decoder, UptimesCountModulo2To32) {
  Fixture f;
  f.send(v5(1, v5_record(4'294'967'000u, 4'294'967'295u), 5'000));
  const FlowBatch& rows = f.rows();
  int64_t header_ns = kExportSeconds * 1'000'000'000ll + 500'000'000;
  EXPECT_EQ(rows.column<int64_t>(Field::time_flow_start_ns)[0], header_ns - 5'296'000'000);
  EXPECT_EQ(rows.column<int64_t>(Field::time_flow_end_ns)[0], header_ns - 5'001'000'000);
  EXPECT_EQ(f.entry(Protocol::netflow5, 0x0102).time_quality.value(), 0);
}

TEST(Decoder, NetFlow5WithAWrongCountKeepsWholeRecords) {
  Fixture f;
  Writer two = v5_record(1, 2).add(v5_record(1, 2));
  f.send(v5(30, two));
  f.send(v5(1, two));
  EXPECT_EQ(f.rows().rows(), 3u);
  const LedgerEntry& entry = f.entry(Protocol::netflow5, 0x0102);
  EXPECT_EQ(Fixture::count(entry, Malformed::count_mismatch), 2);
}

const Writer kTemplate256 = set(0, Writer().u16(256).u16(3).u16(8).u16(4).u16(12).u16(4).u16(1).u16(4));
Writer data256(uint32_t source, uint32_t bytes) { return Writer().u32(source).u32(0x0a000002).u32(bytes); }

TEST(Decoder, TemplateAndDataInOneDatagram) {
  Fixture f;
  f.send(
      netflow9(1, 1000, Writer().add(kTemplate256).add(set(256, data256(0x0a000001, 99).add(data256(0x0a000003, 7))))));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 2u);
  EXPECT_EQ(rows.column<uint64_t>(Field::bytes)[1], 7u);
  EXPECT_FALSE(rows.runs()[0].mask.has(Field::packets));
  EXPECT_EQ(rows.runs()[0].domain, 0u);
}

TEST(Decoder, DataBeforeItsTemplateInTheSameDatagram) {
  Fixture f;
  f.send(ipfix(100, Writer()
                        .add(set(256, data256(1, 5)))
                        .add(set(2, Writer().u16(256).u16(3).u16(8).u16(4).u16(12).u16(4).u16(1).u16(4)))));
  f.send(ipfix(101, set(256, data256(2, 6))));
  EXPECT_EQ(f.rows().rows(), 2u);
  const LedgerEntry& entry = f.entry(Protocol::ipfix);
  EXPECT_EQ(entry.replayed.value(), 1);
  EXPECT_EQ(entry.held.value(), 0);
  EXPECT_EQ(entry.sequence_lost.value(), 0);
}

TEST(Decoder, HeldDataIsDecodedInOrderWhenItsTemplateComes) {
  Fixture f;
  for (uint32_t i = 0; i < 5; ++i) f.send(netflow9(i, 1000, set(256, data256(i, i)), 9));
  EXPECT_EQ(f.entry(Protocol::netflow9, 9).held.value(), 5);
  EXPECT_EQ(f.rows().rows(), 0u);
  f.batches.clear();
  f.send(netflow9(5, 1000, Writer(kTemplate256), 9));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 5u);
  for (uint32_t i = 0; i < 5; ++i) {
    EXPECT_EQ(rows.column<uint64_t>(Field::bytes)[i], i);
    EXPECT_EQ(rows.runs()[i].sequence, i);  // of the datagram that contained it
    EXPECT_EQ(rows.runs()[i].domain, 9u);
  }
  EXPECT_EQ(f.entry(Protocol::netflow9, 9).replayed.value(), 5);
  EXPECT_EQ(f.entry(Protocol::netflow9, 9).held.value(), 0);
}

TEST(Decoder, IpfixSequenceAccountsForHeldRecords) {
  Fixture f;
  Writer ipfix_template = set(2, Writer().u16(256).u16(3).u16(8).u16(4).u16(12).u16(4).u16(1).u16(4));
  f.send(ipfix(0, set(256, data256(1, 1).add(data256(2, 2)))));  // two records, unknown yet
  f.send(ipfix(2, set(256, data256(3, 3))));                     // one
  f.send(ipfix(13, ipfix_template));                             // ten lost before it
  f.send(ipfix(13, set(256, data256(4, 4))));
  f.rows();
  const LedgerEntry& entry = f.entry(Protocol::ipfix);
  EXPECT_EQ(entry.records.value(), 4);
  EXPECT_EQ(entry.sequence_lost.value(), 10);
}

TEST(Decoder, UsesTheTemplateOfAnotherSourcePortAfterTheWait) {
  Fixture f(10'000'000'000);
  f.send(netflow9(1, 1000, Writer(kTemplate256)), 1111);
  f.send(netflow9(1, 1000, set(256, data256(1, 5))), 2222);
  int64_t now = os::monotonic_ns();
  f.decoder.tick(now + 9'000'000'000);
  EXPECT_EQ(f.rows().rows(), 0u);
  f.batches.clear();
  f.decoder.tick(now + 11'000'000'000);
  EXPECT_EQ(f.rows().rows(), 1u);
  EXPECT_EQ(f.entry(Protocol::netflow9).fallback.value(), 1);
}

// An exporter whose sequence numbers restart repeatedly, and whose template came only once: after each restart its data
// would wait for the template and then be given up.
TEST(Decoder, RestartsGiveUpNothingIfOnlyOneLayoutIsKnown) {
  for (bool ten : {false, true}) {
    Fixture f(10'000'000'000);
    const int64_t second = 1'000'000'000;
    int64_t at = kExportSeconds * second;
    uint64_t rows = 0;
    for (uint32_t round = 0; round < 3; ++round)
      for (uint32_t n = 0; n < 100; ++n, at += second) {
        const auto seconds = static_cast<uint32_t>(at / second);
        Writer sets = round + n == 0 ? ipfix_template(300, {{1, 4}}) : Writer();
        if (!ten && round + n == 0) sets = netflow9_template(300, {{1, 4}});
        sets.add(set(300, Writer().u32(1)));
        Writer datagram = ten ? Writer().u16(10).u16(16 + sets.bytes.size()).u32(seconds).u32(n).u32(0).add(sets)
                              : Writer().u16(9).u16(1).u32(1'000 * n).u32(seconds).u32(n).u32(0).add(sets);
        f.decoder.decode({datagram.bytes, *IpAddress::parse("192.0.2.1"), 4000, at, 0});
      }
    f.decoder.tick(os::monotonic_ns(), true);
    f.rows();
    for (const auto& batch : f.batches) rows += batch->rows();
    const LedgerEntry& entry = f.entry(ten ? Protocol::ipfix : Protocol::netflow9);
    EXPECT_EQ(rows, 300u) << (ten ? "IPFIX" : "v9");
    EXPECT_EQ(entry.restarts.value(), 2);
    EXPECT_EQ(entry.quarantined.value() + entry.expired.value(), 0);
  }
}

// The layout changed once: data that waited for its template when another restart came may have either layout.
TEST(Decoder, RestartsGiveUpDataThatMayHaveAnotherLayout) {
  Fixture f(10'000'000'000);
  auto send = [&](uint32_t uptime_ms, uint32_t sequence, uint32_t seconds, const Writer& sets) {
    f.send(Writer().u16(9).u16(1).u32(uptime_ms).u32(kExportSeconds + seconds).u32(sequence).u32(0).add(sets));
  };
  const Writer record = set(300, Writer().u32(1));
  send(500'000, 1, 0, Writer(netflow9_template(300, {{1, 4}})).add(record));
  send(501'000, 2, 1, Writer(netflow9_template(300, {{2, 4}})).add(record));
  for (uint32_t boot = 1; boot < 3; ++boot) {
    send(1'000, 1, 100 * boot, record);
    send(2'000, 2, 100 * boot + 1, record);
  }
  send(1'000, 1, 300, record);
  send(2'000, 2, 301, record);
  EXPECT_GT(f.entry(Protocol::netflow9).quarantined.value(), 0);
}

TEST(Decoder, SamplingFromOptionsPerSampler) {
  Fixture f;
  // Options template 257: scope system (4), samplerId (48) 1 octet, samplingInterval (34) 4 octets.
  Writer options = set(1, Writer().u16(257).u16(4).u16(8).u16(1).u16(4).u16(48).u16(1).u16(34).u16(4));
  Writer option_data = set(257, Writer().u32(0).u8(1).u32(100).u32(0).u8(2).u32(2000));
  Writer with_sampler = set(0, Writer().u16(258).u16(2).u16(1).u16(4).u16(48).u16(1));
  Writer data = set(258, Writer().u32(10).u8(2).u32(20).u8(1).u32(30).u8(9));
  f.send(netflow9(1, 1000, Writer().add(options).add(option_data).add(with_sampler).add(data)));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 3u);
  EXPECT_EQ(rows.column<uint64_t>(Field::sampling_rate)[0], 2000u);
  EXPECT_EQ(rows.column<uint64_t>(Field::sampling_rate)[1], 100u);
  EXPECT_EQ(rows.column<uint64_t>(Field::sampling_rate)[2], 0u);  // no rate is announced for that sampler
  EXPECT_EQ(f.entry(Protocol::netflow9).options_records.value(), 2);
}

// RFC 5477 §8.2.2: one packet selected, 999 skipped.
TEST(Decoder, SamplingFromIntervalAndSpace) {
  Fixture f;
  Writer options = set(3, Writer().u16(257).u16(3).u16(1).u16(302).u16(8).u16(305).u16(4).u16(306).u16(4));
  Writer option_data = set(257, Writer().u64(5).u32(1).u32(999));
  Writer tpl = set(2, Writer().u16(258).u16(1).u16(1).u16(8));
  f.send(ipfix(0, Writer().add(options).add(option_data).add(tpl).add(set(258, Writer().u64(10)))));
  EXPECT_EQ(f.rows().runs()[0].sampling_rate, 1000u);
}

TEST(Decoder, IpfixVariableLengthEnterpriseAndReducedSize) {
  Fixture f;
  Writer tpl = set(2, Writer()
                          .u16(300)
                          .u16(5)
                          .u16(0x8000 | 42)
                          .u16(0xffff)
                          .u32(9)
                          .u16(1)
                          .u16(3)
                          .u16(27)
                          .u16(16)
                          .u16(152)
                          .u16(8)
                          .u16(2)
                          .u16(0xffff));
  Writer record = Writer().u8(3).u8('a').u8('b').u8('c').put(70'000, 3);
  for (int i = 0; i < 15; ++i) record.u8(i == 0 ? 0x20 : 0);
  record.u8(1).u64(1'700'000'000'123).u8(2).u16(513);
  f.send(ipfix(0, Writer().add(tpl).add(set(300, Writer(record).add(record)))));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 2u);
  EXPECT_EQ(rows.runs().size(), 1u);
  EXPECT_EQ(rows.column<uint64_t>(Field::bytes)[1], 70'000u);
  EXPECT_EQ(rows.column<uint64_t>(Field::packets)[1], 513u);
  EXPECT_EQ(rows.column<IpAddress>(Field::src_addr)[0].to_string(), "2000::1");
  EXPECT_EQ(rows.column<uint16_t>(Field::etype)[0], 0x86dd);
  EXPECT_EQ(rows.column<int64_t>(Field::time_flow_start_ns)[0], 1'700'000'000'123'000'000);
}

TEST(Decoder, NtpTimes) {
  Fixture f;
  Writer tpl = set(2, Writer().u16(300).u16(2).u16(156).u16(8).u16(157).u16(8));
  uint64_t ntp_seconds = 1'700'000'000ull + 2'208'988'800ull;
  Writer record = Writer().u64(ntp_seconds << 32 | 0x8000'0000).u64((ntp_seconds + 1) << 32 | 0x4000'0000);
  f.send(ipfix(0, Writer().add(tpl).add(set(300, record))));
  EXPECT_EQ(f.rows().column<int64_t>(Field::time_flow_start_ns)[0], 1'700'000'000'500'000'000);
  EXPECT_EQ(f.rows().column<int64_t>(Field::time_flow_end_ns)[0], 1'700'000'001'250'000'000);
}

TEST(Decoder, IpfixUptimesNeedTheBootTime) {
  Fixture f;
  Writer tpl = set(2, Writer().u16(300).u16(2).u16(22).u16(4).u16(21).u16(4));
  f.send(ipfix(0, Writer().add(tpl).add(set(300, Writer().u32(1000).u32(2000)))));
  EXPECT_FALSE(f.rows().runs()[0].mask.has(Field::time_flow_start_ns));
  f.batches.clear();
  Writer options = set(3, Writer().u16(301).u16(2).u16(1).u16(149).u16(4).u16(160).u16(8));
  Writer option_data = set(301, Writer().u32(0).u64(1'699'999'000'000));
  f.send(ipfix(1, Writer().add(options).add(option_data)));
  f.send(ipfix(2, set(300, Writer().u32(1000).u32(2000))));
  EXPECT_EQ(f.rows().column<int64_t>(Field::time_flow_start_ns)[0], 1'699'999'001'000'000'000);
}

// As softflowd sends it: the boot time, and the flows whose times are relative to it, in one message.
TEST(Decoder, TheBootTimeMayComeInTheMessageThatNeedsIt) {
  Fixture f;
  Writer flows = set(2, Writer().u16(300).u16(2).u16(22).u16(4).u16(21).u16(4));
  Writer options = set(3, Writer().u16(301).u16(2).u16(1).u16(149).u16(4).u16(160).u16(8));
  Writer init = set(301, Writer().u32(0).u64(1'699'999'000'000));
  Writer data = set(300, Writer().u32(0).u32(12'726));
  f.send(ipfix(0, Writer().add(flows).add(options).add(init).add(data)));
  EXPECT_EQ(f.rows().column<int64_t>(Field::time_flow_start_ns)[0], 1'699'999'000'000'000'000);
  EXPECT_EQ(f.rows().column<int64_t>(Field::time_flow_end_ns)[0], 1'699'999'012'726'000'000);
}

// The numbers, widths and values of a Cisco ASA's NetFlow v9 in a real capture, as tshark reads them.
TEST(Decoder, CiscoAsaTranslationsAndFirewallEvents) {
  Fixture f;
  Writer tpl = set(
      0,
      Writer().u16(256).u16(5).u16(40001).u16(4).u16(40002).u16(4).u16(40003).u16(2).u16(40004).u16(2).u16(40005).u16(
          1));
  Writer record = Writer().u32(0xc0a80e01).u32(0x0202020b).u16(0).u16(17549).u8(2);
  f.send(netflow9(0, 1000, Writer().add(tpl).add(set(256, record))));
  EXPECT_EQ(f.rows().column<IpAddress>(Field::post_nat_src_addr)[0], *IpAddress::parse("192.168.14.1"));
  EXPECT_EQ(f.rows().column<IpAddress>(Field::post_nat_dst_addr)[0], *IpAddress::parse("2.2.2.11"));
  EXPECT_EQ(f.rows().column<uint16_t>(Field::post_nat_src_port)[0], 0);
  EXPECT_EQ(f.rows().column<uint16_t>(Field::post_nat_dst_port)[0], 17549);
  EXPECT_EQ(f.rows().column<uint8_t>(Field::firewall_event)[0], 2);
}

TEST(Decoder, BothFamiliesInOneTemplate) {
  Fixture f;
  Writer tpl = set(0, Writer().u16(256).u16(2).u16(8).u16(4).u16(27).u16(16));
  Writer v6 = Writer().u32(0).u64(0x20010db800000000).u64(7), v4 = Writer().u32(0x0a000001).u64(0).u64(0);
  f.send(netflow9(1, 1000, Writer().add(tpl).add(set(256, Writer(v6).add(v4)))));
  const FlowBatch& rows = f.rows();
  EXPECT_EQ(rows.column<IpAddress>(Field::src_addr)[0].to_string(), "2001:db8::7");
  EXPECT_EQ(rows.column<uint16_t>(Field::etype)[0], 0x86dd);
  EXPECT_EQ(rows.column<IpAddress>(Field::src_addr)[1].to_string(), "10.0.0.1");
  EXPECT_EQ(rows.column<uint16_t>(Field::etype)[1], 0x0800);
}

TEST(Decoder, MplsStack) {
  Fixture f;
  Writer tpl = set(0, Writer().u16(256).u16(2).u16(70).u16(3).u16(71).u16(3));
  f.send(netflow9(
      1, 1000,
      Writer().add(tpl).add(set(256, Writer().put(1000 << 4, 3).put(2000 << 4 | 1, 3).put(5 << 4, 3).put(6 << 4, 3)))));
  const FlowBatch& rows = f.rows();
  const ListRef& list = rows.column<ListRef>(Field::mpls_label)[1];
  ASSERT_EQ(list.count, 2u);
  EXPECT_EQ(rows.list_numbers()[list.first], 5u);
  EXPECT_EQ(rows.list_numbers()[list.first + 1], 6u);
}

TEST(Decoder, MalformedIsCountedAndTheRestDecoded) {
  Fixture f;
  f.send(Writer().u16(9).u16(1));
  f.send(Writer().u8(9));
  f.send(Writer().u16(4711).u32(0));
  f.send(netflow9(
      1, 0, Writer().add(kTemplate256).add(set(200, Writer().u32(0))).add(set(256, data256(1, 2))).u16(256).u16(3)));
  EXPECT_EQ(f.rows().rows(), 1u);
  const LedgerEntry& entry = f.entry(Protocol::netflow9);
  EXPECT_EQ(Fixture::count(entry, Malformed::short_header), 1);
  EXPECT_EQ(Fixture::count(entry, Malformed::reserved_set), 1);
  EXPECT_EQ(Fixture::count(entry, Malformed::short_set), 1);
  EXPECT_EQ(Fixture::count(f.entry(Protocol::unknown), Malformed::unknown_version), 1);
}

// Datagrams that make other collectors loop forever: a template without bytes, then data for it.
TEST(Decoder, TemplatesWithoutBytesAreRefused) {
  Fixture f;
  for (Writer body : {Writer().u16(256).u16(0), Writer().u16(256).u16(1).u16(8).u16(0)}) {
    f.send(netflow9(1, 0, set(0, body)));
    f.send(netflow9(2, 0, set(256, Writer().u64(0).u64(0))));
  }
  const LedgerEntry& entry = f.entry(Protocol::netflow9);
  EXPECT_EQ(Fixture::count(entry, Malformed::zero_length_template), 2);
  EXPECT_EQ(entry.held.value(), 2);
}

TEST(Decoder, ImpossibleTimesAreKeptAndMarked) {
  Fixture f;
  Writer tpl = set(2, Writer().u16(300).u16(2).u16(150).u16(4).u16(151).u16(4));
  f.send(ipfix(0, Writer().add(tpl).add(set(300, Writer()
                                                     .u32(kExportSeconds)
                                                     .u32(kExportSeconds - 10)
                                                     .u32(kExportSeconds)
                                                     .u32(kExportSeconds)
                                                     .u32(kExportSeconds + 90'000)
                                                     .u32(kExportSeconds + 90'001)))));
  const FlowBatch& rows = f.rows();
  EXPECT_EQ(rows.number(Field::time_quality, 0), 1u);
  EXPECT_EQ(rows.number(Field::time_quality, 1), 0u);
  EXPECT_EQ(rows.number(Field::time_quality, 2), 2u);
  EXPECT_EQ(rows.column<int64_t>(Field::time_flow_end_ns)[0], (kExportSeconds - 10) * 1'000'000'000ll);
}

// The mark is set in addition to those for the flow's own times, and if it has no times; also in data that waited for
// its template.
TEST(Decoder, RowsReceivedWhileTheClockWasHeldAreMarked) {
  Fixture f;
  Writer tpl = set(2, Writer().u16(300).u16(2).u16(150).u16(4).u16(151).u16(4));
  f.send(
      ipfix(0, set(300, Writer().u32(kExportSeconds).u32(kExportSeconds - 10).u32(kExportSeconds).u32(kExportSeconds))),
      4000, true);
  f.send(ipfix(2, Writer().add(tpl).add(set(300, Writer().u32(kExportSeconds).u32(kExportSeconds)))));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 3u);
  EXPECT_EQ(number_of(rows, Field::time_quality, 0), 5u);
  EXPECT_EQ(number_of(rows, Field::time_quality, 1), 4u);
  EXPECT_FALSE(has_field(rows, Field::time_quality, 2));
  EXPECT_TRUE(rows.runs()[0].clock_held);
  EXPECT_FALSE(rows.runs()[1].clock_held);
  EXPECT_EQ(f.entry(Protocol::ipfix).time_quality.value(), 1);  // for the flow's own times
}

TEST(Decoder, RecordsWithoutTimesReceivedWhileTheClockWasHeldAreMarked) {
  Fixture f;
  Writer tpl = set(2, Writer().u16(300).u16(1).u16(1).u16(8));
  f.send(ipfix(0, Writer().add(tpl).add(set(300, Writer().u64(1000).u64(2000)))), 4000, true);
  EXPECT_EQ(number_of(f.rows(), Field::time_quality, 0), 4u);
  EXPECT_EQ(number_of(f.rows(), Field::time_quality, 1), 4u);
  EXPECT_EQ(f.entry(Protocol::ipfix).time_quality.value(), 0);
}

// applicationName (IE 96) in the record: padded to a fixed length, and of variable length (RFC 7011 §7).
TEST(Decoder, TextsOfFixedAndVariableLength) {
  Fixture f;
  f.send(netflow9(1, 0,
                  Writer()
                      .add(set(0, Writer().u16(256).u16(2).u16(1).u16(4).u16(96).u16(8)))
                      .add(set(256, Writer().u32(7).put(0x646e7300'00000000, 8).u32(8).put(0, 8)))));
  const FlowBatch* rows = &f.rows();
  ASSERT_EQ(rows->rows(), 2u);
  EXPECT_EQ(rows->text(Field::application_name, 0), "dns");
  EXPECT_EQ(rows->text(Field::application_name, 1), "");
  EXPECT_EQ(rows->number(Field::bytes, 1), 8u);

  Writer records;
  records.u32(1).u8(4).put(0x68747470, 4);
  records.u32(2).u8(0);
  records.u32(3).u8(255).u16(300);
  for (int i = 0; i < 300; ++i) records.u8('x');
  records.u32(4).u8(3).put(0xff4142, 3);
  f.send(
      ipfix(1, Writer().add(set(2, Writer().u16(257).u16(2).u16(1).u16(4).u16(96).u16(65535))).add(set(257, records))));
  rows = &f.rows();
  ASSERT_EQ(rows->rows(), 4u);
  EXPECT_EQ(rows->text(Field::application_name, 0), "http");
  EXPECT_EQ(rows->text(Field::application_name, 1), "");
  EXPECT_EQ(rows->text(Field::application_name, 2), std::string(300, 'x'));
  EXPECT_EQ(rows->text(Field::application_name, 3),
            "\xef\xbf\xbd"
            "AB");
}

// More text than a batch holds begins the next batch; nothing is cut.
TEST(Decoder, ManyLongTextsBecomeSeveralBatches) {
  for (bool variable : {false, true}) {
    Fixture f;
    f.send(ipfix(0, set(2, Writer().u16(257).u16(1).u16(96).u16(variable ? 65535 : 1000))));
    uint32_t number = 0;
    for (int datagram = 0; datagram < 40; ++datagram) {
      Writer records;
      for (int i = 0; i < 60; ++i) {
        if (variable) records.u8(255).u16(1000);
        std::string text = std::to_string(number++);
        text.resize(1000, '.');
        for (char c : text) records.u8(static_cast<uint8_t>(c));
      }
      f.send(ipfix(static_cast<uint32_t>(60 * datagram), set(257, records)));
    }
    f.rows();
    EXPECT_GE(f.batches.size(), 3u);
    uint32_t expected = 0;
    for (const auto& batch : f.batches)
      for (uint32_t row = 0; row < batch->rows(); ++row) {
        std::string text = std::to_string(expected++);
        text.resize(1000, '.');
        ASSERT_EQ(batch->text(Field::application_name, row), text);
      }
    EXPECT_EQ(expected, 2'400u);
    EXPECT_EQ(f.entry(Protocol::ipfix).refused.value(), 0);
  }
}

TEST(Decoder, ATextThatIsTooLongIsCutAndCounted) {
  Fixture f;
  Writer records;
  for (int i = 0; i < 2; ++i) {
    records.u8(255).u16(limits::kTextBytes + 1);
    for (size_t k = 0; k <= limits::kTextBytes; ++k) records.u8(k == 0 ? 'a' + i : 'x');
  }
  f.send(ipfix(0, Writer().add(set(2, Writer().u16(257).u16(1).u16(96).u16(65535))).add(set(257, records))));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 2u);
  EXPECT_EQ(rows.text(Field::application_name, 1), "b" + std::string(limits::kTextBytes - 1, 'x'));
  const LedgerEntry& entry = f.entry(Protocol::ipfix);
  EXPECT_EQ(entry.refused_by_reason[static_cast<size_t>(Refused::text_too_long)].value(), 2);
}

// Anyone can forge a header. A header without data proves nothing: the exporter's sequence is not affected.
TEST(Decoder, EmptyDatagramsWithWildNumbersHaveNoEffect) {
  Fixture f;
  Writer record = set(256, Writer().u32(1));
  f.send(ipfix(0, ipfix_template(256, {{1, 4}})));
  f.send(netflow9(0, 90'000'000, netflow9_template(256, {{1, 4}})));
  for (uint32_t n = 0; n < 10; ++n) {
    f.send(ipfix(n, record));
    f.send(ipfix(0x9e3779b9 * (n + 1), Writer()));
    f.send(netflow9(n + 1, 90'000'000, record));
    f.send(netflow9(0x9e3779b9 * (n + 1), 1'000, Writer()));
  }
  for (Protocol protocol : {Protocol::ipfix, Protocol::netflow9}) {
    const LedgerEntry& entry = f.entry(protocol);
    EXPECT_EQ(entry.records.value(), 10);
    EXPECT_EQ(entry.restarts.value(), 0);
    EXPECT_EQ(entry.sequence_lost.value(), 0);
    EXPECT_EQ(entry.quarantined.value() + entry.held.value(), 0);
  }
}

}  // namespace
}  // namespace weir
