// SPDX-License-Identifier: Apache-2.0
// Tests sFlow datagrams built by hand from the structures of "sFlow Version 5", through the whole decoder.
#include <gtest/gtest.h>

#include <initializer_list>

#include "decode/decoder.h"
#include "decode/testing/sflow_octets.h"

namespace weir {
namespace {

Octets address6(uint8_t last) {
  Octets out(16);
  out[0] = 0x20, out[1] = 0x01, out[2] = 0x0d, out[3] = 0xb8, out[15] = last;
  return out;
}

constexpr uint32_t kAgent = 0xcb007105;  // 203.0.113.5

Octets datagram(std::initializer_list<Octets> samples, uint32_t sequence = 9, uint32_t uptime_ms = 5'000) {
  Octets out = words({5, 1, kAgent, 3, sequence, uptime_ms, static_cast<uint32_t>(samples.size())});
  for (const Octets& sample : samples) out = out + sample;
  return out;
}
// Source interface 7, rate 512, input 7, output 8.
Octets flow_sample(std::initializer_list<Octets> records, uint32_t sequence = 100) {
  Octets body = words({sequence, 7, 512, 51'200, 0, 7, 8, static_cast<uint32_t>(records.size())});
  for (const Octets& record : records) body = body + record;
  return item(1, body);
}

// Ethernet, IPv4 192.0.2.1 to 198.51.100.2, UDP 53 to 3000: 42 octets, padded to 44; the frame had 100.
Octets udp_header() {
  Octets frame = {0x02, 0,    0,   0,  0,   2, 0x02, 0,    0,    0,    0, 1,  0x08, 0x00,  // Ethernet
                  0x45, 0x10, 0,   82, 0,   1, 0x40, 0x00, 64,   17,   0, 0,  192,  0,
                  2,    1,    198, 51, 100, 2, 0,    53,   0x0b, 0xb8, 0, 62, 0,    0};
  return words({1, 100, 4, 42}) + frame + Octets{0xee, 0xee};
}
Octets udp_record() { return item(1, udp_header()); }

struct Fixture {
  static TemplateStoreConfig store_config() {
    TemplateStoreConfig config;
    config.hold = {limits::kHeldForNs, limits::kHeldBytesPerExporter, limits::kHeldBytes};
    return config;
  }
  void send(const Octets& bytes, bool clock_held = false) {
    Octets copy(bytes.begin(), bytes.end());
    copy.shrink_to_fit();
    decoder.decode({copy, *IpAddress::parse("192.0.2.1"), 6343, 1'700'000'000'123'456'789, 0, clock_held});
  }
  const FlowBatch& rows() {
    decoder.flush();
    if (batches.empty()) batches.push_back(pool.take());
    return *batches.back();
  }
  const LedgerEntry& entry(uint32_t sub_agent = 3) {
    return ledger.entry({*IpAddress::parse("192.0.2.1"), Protocol::sflow5, sub_agent});
  }
  int64_t count(Malformed reason, uint32_t sub_agent = 3) {
    return entry(sub_agent).malformed_by_reason[static_cast<size_t>(reason)].value();
  }
  Ledger ledger{0};
  TemplateStore templates{store_config()};
  Streams streams{ledger, templates};
  BatchPool pool;
  std::vector<std::unique_ptr<FlowBatch>> batches;
  Decoder decoder{{77}, templates, streams, ledger, pool, [this](auto batch) { batches.push_back(std::move(batch)); }};
};

uint64_t number(const FlowBatch& batch, Field field, uint32_t row = 0) {
  for (const auto& run : batch.runs()) {
    if (row >= run.first_row && row < run.first_row + run.rows) {
      EXPECT_TRUE(run.mask.has(field)) << info(field).name;
    }
  }
  return batch.number(field, row);
}
std::string address(const FlowBatch& batch, Field field, uint32_t row = 0) {
  EXPECT_TRUE(batch.runs().back().mask.has(field)) << info(field).name;
  return batch.column<IpAddress>(field)[row].to_string();
}
std::vector<uint32_t> list(const FlowBatch& batch, Field field, uint32_t row = 0) {
  EXPECT_TRUE(batch.runs().back().mask.has(field)) << info(field).name;
  ListRef ref = batch.column<ListRef>(field)[row];
  auto first = batch.list_numbers().begin() + ref.first;
  return {first, first + ref.count};
}

TEST(Sflow, AFlowSampleIsARow) {
  Fixture f;
  f.send(datagram({flow_sample({udp_record()})}));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 1u);
  const auto& run = rows.runs()[0];
  EXPECT_EQ(run.type, FlowType::sflow5);
  EXPECT_EQ(run.exporter.to_string(), "203.0.113.5") << "the agent";
  EXPECT_EQ(run.domain, 0u);
  EXPECT_EQ(run.sequence, 9u);
  EXPECT_EQ(run.received_ns, 1'700'000'000'123'456'789);
  EXPECT_EQ(run.export_ns, run.received_ns);
  EXPECT_EQ(number(rows, Field::sampling_rate), 512u);
  EXPECT_EQ(number(rows, Field::bytes), 100u);
  EXPECT_EQ(number(rows, Field::packets), 1u);
  EXPECT_EQ(number(rows, Field::in_if), 7u);
  EXPECT_EQ(number(rows, Field::out_if), 8u);
  EXPECT_EQ(address(rows, Field::src_addr), "192.0.2.1");
  EXPECT_EQ(address(rows, Field::dst_addr), "198.51.100.2");
  EXPECT_EQ(number(rows, Field::src_port), 53u);
  EXPECT_EQ(number(rows, Field::dst_port), 3000u);
  EXPECT_EQ(number(rows, Field::ip_tos), 0x10u);
  EXPECT_EQ(list(rows, Field::layer_stack), (std::vector<uint32_t>{0, 1, 4}));
  EXPECT_EQ(list(rows, Field::layer_size), (std::vector<uint32_t>{14, 20, 8}));
  EXPECT_FALSE(run.mask.has(Field::drop_reason));
  EXPECT_FALSE(run.mask.has(Field::next_hop));
  EXPECT_EQ(f.entry().datagrams.value(), 1);
  EXPECT_EQ(f.entry().records.value(), 1);
  EXPECT_EQ(f.entry().malformed.value(), 0);
  EXPECT_EQ(f.entry().clock_skew_ns.value(), 0) << "sFlow tells no time";
}

TEST(Sflow, ExpandedSamplesAndAnIpv6Agent) {
  Fixture f;
  Octets sample = words({1, 0, 0x01000000, 4096, 0, 0, 0, 0x3fffffff, 0, 70'000, 1}) + udp_record();
  f.send(words({5, 2}) + address6(9) + words({3, 1, 1, 1}) + item(3, sample));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 1u);
  EXPECT_EQ(rows.runs()[0].exporter.to_string(), "2001:db8::9");
  EXPECT_EQ(number(rows, Field::in_if), 0x3fffffffu) << "the device itself";
  EXPECT_EQ(number(rows, Field::out_if), 70'000u);
  EXPECT_EQ(number(rows, Field::sampling_rate), 4096u);
}

TEST(Sflow, RowsOfSimilarPacketsShareARun) {
  Fixture f;
  Octets other = flow_sample({udp_record(), item(1001, words({10, 0, 20, 0}))}, 102);
  f.send(datagram({flow_sample({udp_record()}, 100), flow_sample({udp_record()}, 101), other}));
  f.send(datagram({flow_sample({udp_record()}, 103)}, 10));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 4u);
  ASSERT_EQ(rows.runs().size(), 3u);
  EXPECT_EQ(rows.runs()[0].rows, 2u);
  EXPECT_EQ(number(rows, Field::src_vlan, 2), 10u);
  EXPECT_EQ(number(rows, Field::dst_vlan, 2), 20u);
  EXPECT_EQ(rows.runs()[2].sequence, 10u);
}

TEST(Sflow, RowsReceivedWhileTheClockWasHeldAreMarked) {
  Fixture f;
  f.send(datagram({flow_sample({udp_record()}), flow_sample({udp_record()}, 101)}), true);
  f.send(datagram({flow_sample({udp_record()}, 102)}, 10));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 3u);
  ASSERT_EQ(rows.runs().size(), 2u);
  EXPECT_EQ(number(rows, Field::time_quality, 0), 4u);
  EXPECT_EQ(number(rows, Field::time_quality, 1), 4u);
  EXPECT_FALSE(rows.runs()[1].mask.has(Field::time_quality));
  EXPECT_TRUE(rows.runs()[0].clock_held);
}

TEST(Sflow, SampledIpv4AndIpv6) {
  Fixture f;
  Octets four = item(3, words({1400, 6, 0x0a000001, 0x0a000002, 443, 50'000, 0x18, 0xb8}));
  Octets six = item(4, words({1280, 17}) + address6(1) + address6(2) + words({53, 54, 0, 3}));
  f.send(datagram({flow_sample({four}), flow_sample({six}, 101)}));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 2u);
  EXPECT_EQ(number(rows, Field::bytes, 0), 1400u);
  EXPECT_EQ(number(rows, Field::etype, 0), 0x0800u);
  EXPECT_EQ(number(rows, Field::proto, 0), 6u);
  EXPECT_EQ(number(rows, Field::tcp_flags, 0), 0x18u);
  EXPECT_EQ(number(rows, Field::src_port, 0), 443u);
  EXPECT_EQ(number(rows, Field::ip_tos, 0), 0xb8u);
  EXPECT_EQ(rows.column<IpAddress>(Field::dst_addr)[0].to_string(), "10.0.0.2");
  EXPECT_FALSE(rows.runs()[0].mask.has(Field::ip_ttl)) << "it does not say";
  EXPECT_EQ(number(rows, Field::bytes, 1), 1280u);
  EXPECT_EQ(number(rows, Field::etype, 1), 0x86ddu);
  EXPECT_EQ(address(rows, Field::src_addr, 1), "2001:db8::1");
  EXPECT_EQ(number(rows, Field::dst_port, 1), 54u);
  EXPECT_EQ(number(rows, Field::tcp_flags, 1), 0u) << "UDP has none";
}

// An agent may describe one packet three times: by its header, and by two records that the agent parsed from it.
TEST(Sflow, OrderOfRecordsHasNoEffect) {
  Octets header = udp_header();
  const Octets ip = item(3, words({82, 6, 0x0a000001, 0x0a000002, 443, 50'000, 0x18, 0xb8}));
  const Octets frame = item(2, words({96, 0x02000000, 0x00010000, 0x02000000, 0x00020000, 0x0806}));
  // The same header, cut after 36 octets, within the UDP ports: it has only two octets of them.
  Octets cut = header;
  store_be<uint32_t>(cut.data() + 12, 36), cut.resize(16 + 36);
  using Records = std::array<Octets, 3>;
  for (const Octets& raw : {item(1, header), item(1, cut)}) {
    const bool whole = raw.size() > item(1, cut).size();
    for (const Records& r : {Records{raw, ip, frame}, Records{raw, frame, ip}, Records{ip, raw, frame},
                             Records{frame, raw, ip}, Records{ip, frame, raw}, Records{frame, ip, raw}}) {
      Fixture f;
      f.send(datagram({flow_sample({r[0], r[1], r[2]})}));
      const FlowBatch& rows = f.rows();
      EXPECT_EQ(number(rows, Field::bytes), 100u) << "the frame's";
      EXPECT_EQ(address(rows, Field::src_addr), "192.0.2.1") << "the header's own";
      EXPECT_EQ(number(rows, Field::proto), 17u);
      EXPECT_EQ(number(rows, Field::ip_tos), 0x10u);
      EXPECT_EQ(number(rows, Field::etype), 0x0800u);
      EXPECT_EQ(number(rows, Field::src_mac), 0x020000000001u);
      EXPECT_EQ(number(rows, Field::src_port), whole ? 53u : 443u);
      EXPECT_EQ(number(rows, Field::dst_port), whole ? 3000u : 50'000u);
      EXPECT_EQ(number(rows, Field::ip_ttl), 64u);
    }
  }
  for (const auto& r : {std::array{ip, frame}, std::array{frame, ip}}) {
    Fixture f;
    f.send(datagram({flow_sample({r[0], r[1]})}));
    EXPECT_EQ(number(f.rows(), Field::bytes), 96u) << "the frame's";
    EXPECT_EQ(number(f.rows(), Field::etype), 0x0800u) << "it has an IP packet";
    EXPECT_EQ(number(f.rows(), Field::tcp_flags), 0x18u);
  }
}

// "interface" of sFlow v5: format 1 gives the reason why a packet was dropped, 2 the number of interfaces it left by.
TEST(Sflow, FormatsThatAreNotAnInterface) {
  struct Case {
    uint32_t format, value, seen;
  };
  for (const Case& c :
       {Case{0, 8, 8}, Case{1, 258, 0}, Case{2, 3, 0}, Case{3, 9, 0}, Case{0, 0x3fffffff, 0x3fffffff}}) {
    Fixture f;
    const uint32_t compact = c.format << 30 | c.value;
    f.send(datagram({item(1, words({1, 7, 512, 0, 0, compact, compact, 1}) + udp_record()),
                     item(3, words({2, 0, 7, 512, 0, 0, c.format, c.value, c.format, c.value, 1}) + udp_record())}));
    ASSERT_EQ(f.rows().rows(), 2u);
    for (uint32_t row : {0u, 1u}) {
      EXPECT_EQ(number(f.rows(), Field::in_if, row), c.seen) << c.format;
      EXPECT_EQ(number(f.rows(), Field::out_if, row), c.seen) << c.format;
    }
  }
}

// RFC 4506 §4.10: data whose length is not a multiple of four is padded, and its length does not include the padding.
TEST(Sflow, LengthsThatAreNotAMultipleOfFour) {
  auto padded = [](uint32_t format, Octets body, size_t less) {
    const size_t length = body.size() - less;
    for (size_t i = length; i < body.size(); ++i) body[i] = 0;
    return words({format, static_cast<uint32_t>(length)}) + body;
  };
  for (size_t less : {1u, 2u, 3u}) {
    Fixture f;
    const Octets vendor = padded(4413 << 12 | 9, words({1, 2}), less), vlans = item(1001, words({10, 0, 20, 0}));
    const Octets odd = padded(1991 << 12 | 1, words({1, 2, 3}), less);  // a sample
    f.send(datagram({odd, flow_sample({vendor, udp_record(), vlans}), odd, flow_sample({vlans, vendor}, 101)}));
    ASSERT_EQ(f.rows().rows(), 2u) << less;
    EXPECT_EQ(number(f.rows(), Field::src_port, 0), 53u);
    EXPECT_EQ(number(f.rows(), Field::dst_vlan, 0), 20u);
    EXPECT_EQ(number(f.rows(), Field::src_vlan, 1), 10u);
    EXPECT_EQ(f.entry().malformed.value(), 0) << less;
    EXPECT_EQ(f.entry().other_samples.value(), 2);
  }
}

// Some agents do not pad the addresses of sampled_ethernet: 20 octets instead of 24.
TEST(Sflow, SampledEthernetWithoutPadding) {
  const Octets record = words({1518}) + Octets{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2} + words({0x86dd});
  ASSERT_EQ(record.size(), 20u);
  Fixture f;
  f.send(datagram({flow_sample({item(2, record), item(1001, words({10, 0, 20, 0}))})}));
  EXPECT_EQ(number(f.rows(), Field::src_mac), 0x020000000001u);
  EXPECT_EQ(number(f.rows(), Field::dst_mac), 0x020000000002u);
  EXPECT_EQ(number(f.rows(), Field::etype), 0x86ddu);
  EXPECT_EQ(number(f.rows(), Field::src_vlan), 10u);
  EXPECT_EQ(f.entry().malformed.value(), 0);
}

TEST(Sflow, SampledEthernet) {
  Fixture f;
  Octets record = item(2, words({1518, 0x02000000, 0x00010000, 0x02000000, 0x00020000, 0x0806}));
  f.send(datagram({flow_sample({record})}));
  const FlowBatch& rows = f.rows();
  EXPECT_EQ(number(rows, Field::src_mac), 0x020000000001u);
  EXPECT_EQ(number(rows, Field::dst_mac), 0x020000000002u);
  EXPECT_EQ(number(rows, Field::etype), 0x0806u);
  EXPECT_EQ(number(rows, Field::bytes), 1518u);
}

TEST(Sflow, RouterGatewayAndTranslation) {
  Fixture f;
  Octets router = item(1002, words({1, 0x0a0000fe, 24, 16}));
  // two segments: a sequence of two and a set of one; two communities; local preference
  Octets gateway = item(1003, words({1, 0x0a0000fd, 64500, 0, 64501, 2, 2, 2, 64510, 64511, 1, 1, 4'200'000'000, 2,
                                     0xfc00'0001, 0xfc00'0002, 100}));
  Octets nat = item(1007, words({1, 0xc6336401, 1, 0xc6336402})), ports = item(1020, words({1024, 80}));
  f.send(datagram({flow_sample({udp_record(), router, gateway, nat, ports})}));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 1u);
  EXPECT_EQ(address(rows, Field::next_hop), "10.0.0.254");
  EXPECT_EQ(number(rows, Field::src_net), 24u);
  EXPECT_EQ(number(rows, Field::dst_net), 16u);
  EXPECT_EQ(address(rows, Field::bgp_next_hop), "10.0.0.253");
  EXPECT_EQ(number(rows, Field::src_as), 64500u) << "its own: the source's is 0";
  EXPECT_EQ(number(rows, Field::dst_as), 4'200'000'000u);
  EXPECT_EQ(number(rows, Field::next_hop_as), 64510u);
  EXPECT_EQ(list(rows, Field::as_path), (std::vector<uint32_t>{64510, 64511, 4'200'000'000}));
  EXPECT_EQ(list(rows, Field::bgp_communities), (std::vector<uint32_t>{0xfc000001, 0xfc000002}));
  EXPECT_EQ(address(rows, Field::post_nat_src_addr), "198.51.100.1");
  EXPECT_EQ(address(rows, Field::post_nat_dst_addr), "198.51.100.2");
  EXPECT_EQ(number(rows, Field::post_nat_src_port), 1024u);
  EXPECT_EQ(number(rows, Field::post_nat_dst_port), 80u);
  EXPECT_EQ(f.entry().malformed.value(), 0);
}

TEST(Sflow, GatewayWithoutAPathHasTheRoutersAs) {
  Fixture f;
  f.send(datagram({flow_sample({item(1003, words({1, 0, 64500, 64999, 0, 0, 0, 0}))})}));
  EXPECT_EQ(number(f.rows(), Field::src_as), 64999u);
  EXPECT_EQ(number(f.rows(), Field::dst_as), 64500u);
  EXPECT_EQ(number(f.rows(), Field::next_hop_as), 0u);
}

TEST(Sflow, ListsAboveTheLimitAreCut) {
  Fixture f;
  Octets path = words({1, 0, 1, 2, 3, 1, 2, 300});
  for (uint32_t as = 1; as <= 300; ++as) path = path + words({as});
  f.send(datagram({flow_sample({item(1003, path + words({0, 0}))})}));
  EXPECT_EQ(list(f.rows(), Field::as_path).size(), limits::kListValues);
  EXPECT_EQ(number(f.rows(), Field::dst_as), 300u) << "the path's end";
}

TEST(Sflow, DiscardedPackets) {
  Fixture f;
  f.send(datagram({item(5, words({1, 0, 7, 0, 7, 0, 258, 1}) + udp_record())}));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 1u);
  EXPECT_EQ(number(rows, Field::drop_reason), 258u);  // acl
  EXPECT_EQ(number(rows, Field::src_port), 53u);
  EXPECT_EQ(number(rows, Field::in_if), 7u);
  EXPECT_EQ(rows.runs()[0].sampling_rate, 0u) << "they are not sampled";
  EXPECT_FALSE(rows.runs()[0].mask.has(Field::sampling_rate));
}

TEST(Sflow, CounterAndUnknownSamplesAreCounted) {
  Fixture f;
  Octets counters = item(2, words({5, 7, 0})), expanded = item(4, words({5, 0, 8, 0}));
  f.send(datagram({counters, expanded, item(1991 << 12 | 1, words({1, 2, 3})), flow_sample({udp_record()})}));
  EXPECT_EQ(f.entry().counter_samples.value(), 2);
  EXPECT_EQ(f.entry().other_samples.value(), 1);
  EXPECT_EQ(f.entry().records.value(), 1);
  EXPECT_EQ(f.entry().malformed.value(), 0);
}

TEST(Sflow, UnknownRecordsAreSkipped) {
  Fixture f;
  f.send(datagram({flow_sample({item(4413 << 12 | 1, words({1})), item(1004, words({1, 2})), udp_record()})}));
  EXPECT_EQ(number(f.rows(), Field::src_port), 53u);
  EXPECT_EQ(f.entry().malformed.value(), 0);
}

TEST(Sflow, BrokenRecordDoesNotAffectOthers) {
  Fixture f;
  Octets long_path = item(1003, words({1, 0, 1, 2, 3, 1, 2, 0xffff'ffff, 0, 0}));
  Octets odd_address = item(1002, words({3, 0, 0, 0}));
  Octets short_switch = item(1001, words({1, 2}));
  f.send(datagram({flow_sample({long_path, odd_address, short_switch, udp_record()})}));
  ASSERT_EQ(f.rows().rows(), 1u);
  EXPECT_EQ(number(f.rows(), Field::src_port), 53u);
  EXPECT_FALSE(f.rows().runs()[0].mask.has(Field::src_vlan));
  EXPECT_FALSE(f.rows().runs()[0].mask.has(Field::as_path));
  EXPECT_EQ(f.count(Malformed::short_sample_record), 3);
}

TEST(Sflow, AHeaderCutByItsRecordIsReadAsFarAsItGoes) {
  Fixture f;
  Octets header = udp_header();
  store_be<uint32_t>(header.data() + 12, 128);  // claims 128 octets
  f.send(datagram({flow_sample({item(1, header)})}));
  EXPECT_EQ(number(f.rows(), Field::src_port), 53u);
  EXPECT_EQ(f.count(Malformed::short_sample_record), 1);
}

TEST(Sflow, ImpossibleCounts) {
  Fixture f;
  Octets sample = words({100, 7, 512, 0, 0, 7, 8, 5}) + udp_record();  // counts five records
  f.send(datagram({item(1, sample)}));
  EXPECT_EQ(f.count(Malformed::sample_records), 1);
  Octets claims = datagram({flow_sample({udp_record()}, 101)}, 10);
  store_be<uint32_t>(claims.data() + 24, 0xffff'ffff);
  f.send(claims);
  EXPECT_EQ(f.count(Malformed::count_mismatch), 1);
  f.send(datagram({flow_sample({udp_record()}, 102)}, 11) + Octets{0, 0});
  EXPECT_EQ(f.count(Malformed::trailing_bytes), 1);
  EXPECT_EQ(f.entry().records.value(), 3);
}

TEST(Sflow, SamplesCutShort) {
  Fixture f;
  Octets whole = datagram({flow_sample({udp_record()}), flow_sample({udp_record()}, 101)});
  f.send(Octets(whole.begin(), whole.end() - 4));
  EXPECT_EQ(f.count(Malformed::short_sample), 1);
  f.send(datagram({item(1, words({1, 2, 3})), item(2, words({1}))}, 10));
  EXPECT_EQ(f.count(Malformed::short_sample), 3);
  EXPECT_EQ(f.entry().records.value(), 1);
}

TEST(Sflow, HeadersThatCannotBeRead) {
  Fixture f;
  f.send(words({5, 1, kAgent, 3, 1}));
  f.send(words({5, 3, kAgent, 3, 1, 1, 0}));
  EXPECT_EQ(f.count(Malformed::short_header, 0), 1);
  EXPECT_EQ(f.count(Malformed::address_type, 0), 1);
  f.send(words({4, 1, kAgent, 3, 1, 1, 0}));
  const LedgerEntry& unknown = f.ledger.entry({*IpAddress::parse("192.0.2.1"), Protocol::unknown, 0});
  EXPECT_EQ(unknown.malformed.value(), 1);
}

TEST(Sflow, EveryCutOfADatagramIsRead) {
  Octets whole = datagram({flow_sample({udp_record(), item(1003, words({1, 0, 1, 2, 3, 1, 2, 1, 9, 1, 8, 7}))}),
                           item(5, words({1, 0, 7, 0, 7, 0, 258, 1}) + udp_record()), item(2, words({5, 7, 0}))});
  Fixture f;
  for (size_t size = 0; size <= whole.size(); ++size)
    f.send(Octets(whole.begin(), whole.begin() + static_cast<long>(size)));
  int64_t records = 0;
  for (const LedgerRow& row : f.ledger.rows().entries) records += row.records;
  f.decoder.flush();
  int64_t rows = 0;
  for (const auto& batch : f.batches) rows += batch->rows();
  EXPECT_EQ(rows, records);
}

TEST(Sflow, LostSamplesAreCounted) {
  Fixture f;
  f.send(datagram({flow_sample({udp_record()}, 100)}, 1, 1'000));
  f.send(datagram({flow_sample({udp_record()}, 104)}, 3, 1'200));
  EXPECT_EQ(f.entry().sequence_lost.value(), 3);
  f.send(datagram({flow_sample({udp_record()}, 102)}, 2, 1'100));
  EXPECT_EQ(f.entry().sequence_lost.value(), 2) << "it was late";
  f.send(datagram({flow_sample({udp_record()}, 104)}, 3, 1'200));
  EXPECT_EQ(f.entry().duplicates.value(), 1);
  EXPECT_EQ(f.entry().sequence_lost.value(), 2);
  f.send(datagram({flow_sample({udp_record()}, 105)}, 4, 50'000));
  f.send(datagram({flow_sample({udp_record()}, 1)}, 1, 10));
  f.send(datagram({flow_sample({udp_record()}, 3)}, 2, 110));
  EXPECT_EQ(f.entry().restarts.value(), 1);
  EXPECT_EQ(f.entry().sequence_lost.value(), 3);
}

TEST(Sflow, ConfiguredRateIsUsedIfThereIsNone) {
  Fixture f;
  Octets sample = words({100, 7, 0, 0, 0, 7, 8, 1}) + udp_record();
  f.send(datagram({item(1, sample)}));
  EXPECT_FALSE(f.rows().runs()[0].mask.has(Field::sampling_rate));
  EXPECT_EQ(f.rows().runs()[0].sampling_rate, 77u);
}

}  // namespace
}  // namespace weir
