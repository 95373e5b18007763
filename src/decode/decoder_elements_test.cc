// SPDX-License-Identifier: Apache-2.0
// Tests which fields the elements of data records fill.
#include "decode/testing/decoder_fixture.h"

namespace weir {
namespace {

// One IPFIX record.
std::unique_ptr<Fixture> decoded(const std::vector<FieldSpec>& fields, const Writer& record) {
  auto f = std::make_unique<Fixture>();
  f->send(ipfix(0, Writer(ipfix_template(300, fields)).add(set(300, record))));
  EXPECT_EQ(f->rows().rows(), 1u);
  return f;
}
uint64_t number_from(Field field, const std::vector<FieldSpec>& fields, const Writer& record) {
  return number_of(decoded(fields, record)->rows(), field);
}
std::string address_from(Field field, const std::vector<FieldSpec>& fields, const Writer& record) {
  auto f = decoded(fields, record);
  return has_field(f->rows(), field) ? f->rows().column<IpAddress>(field)[0].to_string() : "none";
}

TEST(Elements, CountersByRank) {
  // octetDeltaCount, postOctetDeltaCount, octetTotalCount, postOctetTotalCount, initiatorOctets, layer 2 delta, total.
  const std::vector<uint16_t> octets{1, 23, 85, 171, 231, 352, 353}, packets{2, 24, 86, 172, 298, 430, 431};
  for (size_t first = 0; first < octets.size(); ++first) {
    std::vector<FieldSpec> fields;
    Writer record;
    for (size_t i = octets.size(); i-- > first;) {
      fields.push_back({octets[i], 8});
      fields.push_back({packets[i], 4});
      record.u64(1000 + i).u32(10 + i);
    }
    auto f = decoded(fields, record);
    EXPECT_EQ(number_of(f->rows(), Field::bytes), 1000 + first);
    EXPECT_EQ(number_of(f->rows(), Field::packets), 10 + first);
  }
}

// RFC 5103: with the enterprise number 29305 an element is for the other direction.
TEST(Elements, ReverseCounters) {
  for (uint16_t id : {1, 23, 85, 171})
    EXPECT_EQ(number_from(Field::reverse_bytes, {{1, 4}, {id, 4, 29305}}, Writer().u32(5).u32(7)), 7u) << id;
  for (uint16_t id : {2, 24, 86, 172})
    EXPECT_EQ(number_from(Field::reverse_packets, {{2, 4}, {id, 4, 29305}}, Writer().u32(5).u32(7)), 7u) << id;
  auto f = decoded({{231, 8}, {232, 8}, {298, 4}, {299, 4}}, Writer().u64(1).u64(2).u32(3).u32(4));
  EXPECT_EQ(number_of(f->rows(), Field::bytes), 1u);
  EXPECT_EQ(number_of(f->rows(), Field::reverse_bytes), 2u);
  EXPECT_EQ(number_of(f->rows(), Field::packets), 3u);
  EXPECT_EQ(number_of(f->rows(), Field::reverse_packets), 4u);
}

TEST(Elements, VlanTags) {
  EXPECT_EQ(number_from(Field::src_vlan, {{243, 2}}, Writer().u16(7)), 7u);
  EXPECT_EQ(number_from(Field::vlan_id, {{245, 2}, {243, 2}}, Writer().u16(8).u16(7)), 7u);
  EXPECT_EQ(number_from(Field::src_vlan, {{243, 2}, {58, 2}}, Writer().u16(7).u16(6)), 6u);
  EXPECT_EQ(number_from(Field::dst_vlan, {{255, 2}, {254, 2}}, Writer().u16(9).u16(5)), 5u);
}

TEST(Elements, PrefixesAndPhysicalInterfacesAreUsedOnlyIfNothingElseIsPresent) {
  EXPECT_EQ(address_from(Field::src_addr, {{44, 4}, {9, 1}}, Writer().u32(0x0a010000).u8(16)), "10.1.0.0");
  EXPECT_EQ(address_from(Field::src_addr, {{8, 4}, {44, 4}}, Writer().u32(0x0a010203).u32(0x0a010000)), "10.1.2.3");
  EXPECT_EQ(address_from(Field::dst_addr, {{169, 16}}, Writer().u64(0x20010db800000000).u64(0)), "2001:db8::");
  EXPECT_EQ(number_from(Field::in_if, {{252, 4}}, Writer().u32(3)), 3u);
  EXPECT_EQ(number_from(Field::in_if, {{10, 4}, {252, 4}}, Writer().u32(4).u32(3)), 4u);
  EXPECT_EQ(number_from(Field::out_if, {{253, 4}}, Writer().u32(3)), 3u);
}

// RFC 8158: a port block allocated to a subscriber, and NAT events.
TEST(Elements, Nat) {
  auto f = decoded(
      {{225, 4}, {226, 4}, {227, 2}, {228, 2}, {229, 1}, {230, 1}, {283, 4}, {361, 2}, {362, 2}, {363, 2}, {364, 2}},
      Writer()
          .u32(0xcb007101)
          .u32(0xcb007102)
          .u16(1024)
          .u16(443)
          .u8(1)
          .u8(16)
          .u32(5)
          .u16(2048)
          .u16(4095)
          .u16(1)
          .u16(2048));
  const FlowBatch& rows = f->rows();
  EXPECT_EQ(rows.column<IpAddress>(Field::post_nat_src_addr)[0].to_string(), "203.0.113.1");
  EXPECT_EQ(rows.column<IpAddress>(Field::post_nat_dst_addr)[0].to_string(), "203.0.113.2");
  EXPECT_EQ(number_of(rows, Field::post_nat_src_port), 1024u);
  EXPECT_EQ(number_of(rows, Field::post_nat_dst_port), 443u);
  EXPECT_EQ(number_of(rows, Field::nat_realm), 1u);
  EXPECT_EQ(number_of(rows, Field::nat_event), 16u);  // port block allocation
  EXPECT_EQ(number_of(rows, Field::nat_pool_id), 5u);
  EXPECT_EQ(number_of(rows, Field::port_range_start), 2048u);
  EXPECT_EQ(number_of(rows, Field::port_range_end), 4095u);
  EXPECT_EQ(number_of(rows, Field::port_range_step), 1u);
  EXPECT_EQ(number_of(rows, Field::port_range_size), 2048u);
  EXPECT_EQ(address_from(Field::post_nat_src_addr, {{281, 16}}, Writer().u64(0x20010db800000000).u64(9)),
            "2001:db8::9");
}

// Cisco ASA, before it used the IANA elements. Its ACL ids (33000, 33001) are not read.
TEST(Elements, FieldTypesOfCiscoAsa) {
  Fixture f;
  Writer record = Writer().u32(0xcb007101).u32(0xcb007102).u16(1024).u16(443).u8(2).u16(2030).put(0, 12).put(1, 12);
  f.send(netflow9(
      0, 0,
      Writer(
          netflow9_template(
              300, {{40001, 4}, {40002, 4}, {40003, 2}, {40004, 2}, {40005, 1}, {33002, 2}, {33000, 12}, {33001, 12}}))
          .add(set(300, record))));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 1u);
  EXPECT_EQ(rows.column<IpAddress>(Field::post_nat_src_addr)[0].to_string(), "203.0.113.1");
  EXPECT_EQ(rows.column<IpAddress>(Field::post_nat_dst_addr)[0].to_string(), "203.0.113.2");
  EXPECT_EQ(number_of(rows, Field::post_nat_src_port), 1024u);
  EXPECT_EQ(number_of(rows, Field::post_nat_dst_port), 443u);
  EXPECT_EQ(number_of(rows, Field::firewall_event), 2u);
  EXPECT_EQ(number_of(rows, Field::firewall_extended_event), 2030u);
}

// A template with the elements of both IP versions: those of the record's IP version are used, in any order.
TEST(Elements, PrefixLengthsOfTheRecordsIpVersion) {
  for (bool v6_first : {false, true}) {
    std::vector<FieldSpec> v4{{9, 1}, {13, 1}}, v6{{29, 1}, {30, 1}};
    std::vector<FieldSpec> fields{{8, 4}, {27, 16}};
    for (const auto& part : v6_first ? std::vector{v6, v4} : std::vector{v4, v6})
      fields.insert(fields.end(), part.begin(), part.end());
    auto masks = [&](bool is_v6, Writer of4, Writer of6) {
      Writer record = Writer().u32(is_v6 ? 0 : 0x0a000001).u64(is_v6 ? 0x20010db800000000 : 0).u64(is_v6 ? 1 : 0);
      record.add(v6_first ? of6 : of4).add(v6_first ? of4 : of6);
      auto f = decoded(fields, record);
      return std::pair(number_of(f->rows(), Field::src_net), number_of(f->rows(), Field::dst_net));
    };
    EXPECT_EQ(masks(false, Writer().u8(24).u8(16), Writer().u8(0).u8(0)), std::pair(24ul, 16ul));
    EXPECT_EQ(masks(true, Writer().u8(0).u8(0), Writer().u8(48).u8(64)), std::pair(48ul, 64ul));
    EXPECT_EQ(masks(false, Writer().u8(24).u8(16), Writer().u8(99).u8(98)), std::pair(24ul, 16ul));
    EXPECT_EQ(masks(true, Writer().u8(24).u8(16), Writer().u8(48).u8(64)), std::pair(48ul, 64ul));
  }
}

TEST(Elements, IcmpOfBothVersions) {
  const std::vector<FieldSpec> fields{{60, 1}, {176, 1}, {177, 1}, {178, 1}, {179, 1}};
  auto v4 = decoded(fields, Writer().u8(4).u8(3).u8(1).u8(0).u8(0));
  EXPECT_EQ(number_of(v4->rows(), Field::icmp_type), 3u);
  EXPECT_EQ(number_of(v4->rows(), Field::icmp_code), 1u);
  auto v6 = decoded(fields, Writer().u8(6).u8(0).u8(0).u8(128).u8(2));
  EXPECT_EQ(number_of(v6->rows(), Field::icmp_type), 128u);
  EXPECT_EQ(number_of(v6->rows(), Field::icmp_code), 2u);
  auto combined = decoded({{60, 1}, {139, 2}, {32, 2}}, Writer().u8(6).u16(0x8102).u16(0));
  EXPECT_EQ(number_of(combined->rows(), Field::icmp_type), 0x81u);
  EXPECT_EQ(number_of(combined->rows(), Field::icmp_code), 2u);
}

// RFC 7011 §8: an element that occurs more than once is in the order in which the flow was processed. The first one
// describes the packets as they arrived, and no later one overwrites it.
TEST(Elements, FirstOfARepeatedElementIsUsed) {
  EXPECT_EQ(number_from(Field::bytes, {{1, 8}, {1, 8}}, Writer().u64(7).u64(5)), 7u);
  EXPECT_EQ(number_from(Field::bytes, {{1, 4}, {1, 8}}, Writer().u32(0).u64(7)), 0u);
  EXPECT_EQ(number_from(Field::src_net, {{9, 1}, {29, 1}, {9, 1}}, Writer().u8(1).u8(0).u8(24)), 1u);
  EXPECT_EQ(address_from(Field::src_addr, {{8, 4}, {8, 4}}, Writer().u32(0x0a000001).u32(0x0a000002)), "10.0.0.1");
  EXPECT_EQ(address_from(Field::next_hop, {{62, 16}, {62, 16}}, Writer().u64(1ull << 61).u64(1).u64(2).u64(2)),
            "2000::1");
  EXPECT_EQ(number_from(Field::src_mac, {{56, 6}, {4, 1}, {56, 6}}, Writer().put(1, 6).u8(6).put(2, 6)), 1u);
  EXPECT_EQ(number_from(Field::time_flow_start_ns, {{152, 8}, {152, 8}}, Writer().u64(1'000).u64(2'000)),
            1'000'000'000u);
  // An element whose width is invalid for its type does not count as an occurrence.
  EXPECT_EQ(address_from(Field::src_addr, {{8, 8}, {8, 4}}, Writer().u64(1).u32(0x0a000002)), "10.0.0.2");
  auto f = decoded({{96, 0xffff}, {96, 3}}, Writer().u8(3).text("one", 3).text("two", 3));
  EXPECT_EQ(text_of(f->rows(), Field::application_name), "one");
}

// Junos: the event for a released port block has the time of the release, then the time of the allocation.
TEST(Elements, NatPortBlockAllocationTime) {
  const uint64_t event_ms = 1'767'225'599'250, allocated_ms = 1'767'222'000'500;
  auto f = decoded({{323, 8}, {230, 1}, {361, 2}, {323, 8}}, Writer().u64(event_ms).u8(17).u16(1024).u64(allocated_ms));
  EXPECT_EQ(number_of(f->rows(), Field::time_flow_start_ns), event_ms * 1'000'000);
  EXPECT_EQ(number_of(f->rows(), Field::time_flow_end_ns), event_ms * 1'000'000);
  EXPECT_EQ(number_of(f->rows(), Field::nat_allocation_time_ns), allocated_ms * 1'000'000);
  f = decoded({{230, 1}, {322, 4}, {322, 4}, {322, 4}}, Writer().u8(17).u32(50).u32(40).u32(30));
  EXPECT_EQ(number_of(f->rows(), Field::time_flow_start_ns), 50'000'000'000u);
  EXPECT_EQ(number_of(f->rows(), Field::nat_allocation_time_ns), 40'000'000'000u);
  f = decoded({{323, 8}, {323, 8}}, Writer().u64(event_ms).u64(allocated_ms));
  EXPECT_FALSE(has_field(f->rows(), Field::nat_allocation_time_ns)) << "no event of a NAT";
}

// If 0 in an element means only that the value is unknown, the field is filled from the next best element.
TEST(Elements, UnknownValuesComeFromTheNextBestElement) {
  EXPECT_EQ(number_from(Field::vlan_id, {{58, 2}, {243, 2}}, Writer().u16(0).u16(300)), 300u);
  EXPECT_EQ(number_from(Field::src_vlan, {{245, 2}, {243, 2}, {58, 2}}, Writer().u16(7).u16(0).u16(0)), 7u);
  EXPECT_EQ(number_from(Field::src_vlan, {{245, 2}, {243, 2}, {58, 2}}, Writer().u16(7).u16(6).u16(0)), 6u);
  EXPECT_EQ(number_from(Field::src_vlan, {{58, 2}, {243, 2}}, Writer().u16(5).u16(300)), 5u);
  EXPECT_EQ(number_from(Field::ip_ttl, {{192, 1}, {52, 1}}, Writer().u8(64).u8(0)), 64u);
  EXPECT_EQ(number_from(Field::dst_vlan, {{59, 2}, {254, 2}}, Writer().u16(0).u16(301)), 301u);
  EXPECT_EQ(number_from(Field::in_if, {{10, 4}, {252, 4}}, Writer().u32(0).u32(3)), 3u);
  EXPECT_EQ(number_from(Field::src_port, {{7, 2}, {182, 2}}, Writer().u16(0).u16(443)), 443u);
  EXPECT_EQ(number_from(Field::bytes, {{1, 8}, {85, 8}}, Writer().u64(0).u64(9)), 0u) << "a counter of 0 is known";
  auto f = decoded({{10, 4}, {82, 8}, {83, 8}}, Writer().u32(3).text("", 8).text("uplink", 8));
  EXPECT_EQ(text_of(f->rows(), Field::in_if_name), "uplink");
}

TEST(Elements, SeparateIcmpCodeWinsOverTypeAndCode) {
  for (bool code_first : {false, true}) {
    std::vector<FieldSpec> fields{{177, 1}, {32, 2}};
    Writer record = Writer().u8(4).u16(0x0301);
    if (!code_first) fields = {{32, 2}, {177, 1}}, record = Writer().u16(0x0301).u8(4);
    auto f = decoded(fields, record);
    EXPECT_EQ(number_of(f->rows(), Field::icmp_type), 3u);
    EXPECT_EQ(number_of(f->rows(), Field::icmp_code), 4u);
  }
}

// ipVersion takes precedence over the family of the addresses, wherever it is in the record.
TEST(Elements, IpVersionBeforeAndAfterTheAddresses) {
  Writer addresses = Writer().u32(0x0a000001).u32(0x0a000002);
  EXPECT_EQ(number_from(Field::etype, {{60, 1}, {12, 4}, {12, 4}}, Writer().u8(6).add(addresses)), 0x86ddu);
  EXPECT_EQ(number_from(Field::etype, {{12, 4}, {12, 4}, {60, 1}}, Writer(addresses).u8(6)), 0x86ddu);
}

TEST(Elements, PortsOfTcpAndUdp) {
  EXPECT_EQ(number_from(Field::src_port, {{182, 2}, {180, 2}}, Writer().u16(80).u16(0)), 80u);
  EXPECT_EQ(number_from(Field::dst_port, {{183, 2}, {181, 2}}, Writer().u16(0).u16(53)), 53u);
  EXPECT_EQ(number_from(Field::dst_port, {{11, 2}, {181, 2}}, Writer().u16(7).u16(53)), 7u);
}

// Reduced size (RFC 7011 §6.2), and larger than the field: a value that fits is used, any other is left out.
TEST(Elements, NumbersOfOtherSizes) {
  EXPECT_EQ(number_from(Field::bytes, {{1, 1}}, Writer().u8(200)), 200u);
  EXPECT_EQ(number_from(Field::bytes, {{1, 5}}, Writer().put(0x0102030405, 5)), 0x0102030405u);
  EXPECT_EQ(number_from(Field::proto, {{4, 2}}, Writer().u16(6)), 6u);
  EXPECT_EQ(number_from(Field::proto, {{4, 2}}, Writer().u16(0x106)), 0u);
  EXPECT_EQ(number_from(Field::src_port, {{7, 4}}, Writer().u32(443)), 443u);
  EXPECT_EQ(number_from(Field::src_port, {{7, 3}}, Writer().put(0x10050, 3)), 0u);
  EXPECT_EQ(number_from(Field::src_as, {{16, 8}}, Writer().u64(64500)), 64500u);
  EXPECT_EQ(number_from(Field::src_as, {{16, 8}}, Writer().u64(0x1'0000'0001)), 0u);
}

// An address, a MAC or a date with a width that is invalid for its type.
TEST(Elements, WrongWidthsAreLeftOut) {
  EXPECT_EQ(address_from(Field::src_addr, {{8, 8}, {12, 4}}, Writer().u64(1).u32(2)), "none");
  EXPECT_EQ(address_from(Field::src_addr, {{27, 4}, {12, 4}}, Writer().u32(1).u32(2)), "none");
  EXPECT_FALSE(has_field(decoded({{56, 8}, {12, 4}}, Writer().u64(1).u32(2))->rows(), Field::src_mac));
  EXPECT_EQ(number_from(Field::src_mac, {{56, 6}}, Writer().put(0x020304050607, 6)), 0x020304050607u);
}

TEST(Elements, LabelStacks) {
  auto f = decoded({{70, 3}, {71, 3}, {200, 1}}, Writer().put(1000 << 4, 3).put(2000 << 4 | 1, 3).u8(63));
  EXPECT_EQ(numbers_of(f->rows(), Field::mpls_label), (std::vector<uint32_t>{1000, 2000}));
  EXPECT_EQ(numbers_of(f->rows(), Field::mpls_ttl), std::vector<uint32_t>{63});
  // A record has as many sections as the template: the stack ends at the S bit, or before a section of all zeros.
  const std::vector<FieldSpec> three{{70, 3}, {71, 3}, {72, 3}};
  auto labels = [&](uint32_t a, uint32_t b, uint32_t c) {
    return numbers_of(decoded(three, Writer().put(a, 3).put(b, 3).put(c, 3))->rows(), Field::mpls_label);
  };
  EXPECT_EQ(labels(1000 << 4 | 1, 0, 0), (std::vector<uint32_t>{1000}));
  EXPECT_EQ(labels(1000 << 4, 0 << 4 | 1, 7 << 4), (std::vector<uint32_t>{1000, 0})) << "explicit null";
  EXPECT_EQ(labels(1000 << 4, 2000 << 4, 0), (std::vector<uint32_t>{1000, 2000})) << "no S bit told";
  EXPECT_EQ(labels(0, 0, 0), (std::vector<uint32_t>{}));
  EXPECT_EQ(labels(1 << 4, 2 << 4, 3 << 4), (std::vector<uint32_t>{1, 2, 3}));
  // mplsLabelStackSection: whole entries; the one with the S bit ends the stack, and another header follows.
  Writer stack = Writer().u8(12).u32(16 << 12 | 200).u32(17 << 12 | 0x100 | 199).u32(0xffffffff);
  f = decoded({{316, 0xffff}}, stack);
  EXPECT_EQ(numbers_of(f->rows(), Field::mpls_label), (std::vector<uint32_t>{16, 17}));
  EXPECT_EQ(numbers_of(f->rows(), Field::mpls_ttl), (std::vector<uint32_t>{200, 199}));
}

// RFC 9487: the segments of an SRv6 routing header.
TEST(Elements, SegmentList) {
  Writer list = Writer().u8(32).u64(0x20010db800000000).u64(1).u64(0x20010db800000000).u64(2);
  auto f = decoded({{497, 0xffff}, {498, 1}}, Writer(list).u8(1));
  const FlowBatch& rows = f->rows();
  ASSERT_TRUE(has_field(rows, Field::ipv6_routing_header_addresses));
  const ListRef& segments = rows.column<ListRef>(Field::ipv6_routing_header_addresses)[0];
  ASSERT_EQ(segments.count, 2u);
  EXPECT_EQ(rows.list_addresses()[segments.first].to_string(), "2001:db8::1");
  EXPECT_EQ(rows.list_addresses()[segments.first + 1].to_string(), "2001:db8::2");
  EXPECT_EQ(number_of(rows, Field::ipv6_routing_header_seg_left), 1u);
}

// An interface name belongs to the interface before it (Open vSwitch sends both).
TEST(Elements, NamesInTheRecord) {
  auto f = decoded(
      {{10, 4}, {82, 0xffff}, {83, 4}, {14, 4}, {82, 4}, {236, 8}, {96, 0xffff}},
      Writer().u32(1).u8(4).text("eth0", 4).text("xxxx", 4).u32(2).text("br", 4).text("red", 8).u8(3).text("dns", 3));
  EXPECT_EQ(text_of(f->rows(), Field::in_if_name), "eth0");
  EXPECT_EQ(text_of(f->rows(), Field::out_if_name), "br");
  EXPECT_EQ(text_of(f->rows(), Field::ingress_vrf_name), "red");
  EXPECT_EQ(text_of(f->rows(), Field::application_name), "dns");
}

// RFC 7133: the first octets of a frame; the record's own elements take precedence.
TEST(Elements, FrameSection) {
  Writer packet = Writer().put(0x020000000001, 6).put(0x020000000002, 6).u16(0x0800);
  packet.u16(0x4500).u16(1028).u32(0x00014000).u16(0x4011).u16(0).u32(0x0a000001).u32(0x0a000002);
  packet.u16(5353).u16(53).u16(1008).u16(0);
  Writer record = Writer().u16(1042).u32(7).u8(packet.bytes.size()).add(packet);
  auto f = decoded({{312, 2}, {10, 4}, {315, 0xffff}}, record);
  const FlowBatch* rows = &f->rows();
  EXPECT_EQ(number_of(*rows, Field::bytes), 1042u);
  EXPECT_EQ(number_of(*rows, Field::packets), 1u);
  EXPECT_EQ(number_of(*rows, Field::in_if), 7u);
  EXPECT_EQ(number_of(*rows, Field::src_mac), 0x020000000002u);
  EXPECT_EQ(rows->column<IpAddress>(Field::dst_addr)[0].to_string(), "10.0.0.2");
  EXPECT_EQ(number_of(*rows, Field::src_port), 5353u);
  EXPECT_EQ(number_of(*rows, Field::proto), 17u);
  EXPECT_EQ(number_of(*rows, Field::etype), 0x0800u);
  // Without the size of the frame: the packet's length, and one packet. The record has its own source address.
  auto g = decoded({{8, 4}, {315, 0xffff}}, Writer().u32(0xc0000201).u8(packet.bytes.size()).add(packet));
  EXPECT_EQ(number_of(g->rows(), Field::bytes), 1028u);
  EXPECT_EQ(number_of(g->rows(), Field::packets), 1u);
  EXPECT_EQ(g->rows().column<IpAddress>(Field::src_addr)[0].to_string(), "192.0.2.1");
  EXPECT_EQ(g->rows().column<IpAddress>(Field::dst_addr)[0].to_string(), "10.0.0.2");
  // ipHeaderPacketSection of fixed length; the record says how many of its octets are used (RFC 7133 §4.3).
  Writer section;
  section.bytes.assign(packet.bytes.begin() + 14, packet.bytes.end());
  section.bytes.resize(64, 0xee);
  auto h = decoded({{410, 2}, {313, 64}}, Writer().u16(28).add(section));
  EXPECT_EQ(number_of(h->rows(), Field::dst_port), 53u);
  EXPECT_EQ(number_of(h->rows(), Field::bytes), 1028u);
  auto cut = decoded({{410, 2}, {313, 64}}, Writer().u16(20).add(section));
  EXPECT_EQ(number_of(cut->rows(), Field::dst_port), 0u);
  // A section that does not begin at the headers, or of a frame that is not Ethernet, is not read.
  auto later = decoded({{409, 2}, {315, 0xffff}}, Writer().u16(14).u8(packet.bytes.size()).add(packet));
  EXPECT_FALSE(has_field(later->rows(), Field::src_addr));
  auto wireless = decoded({{408, 2}, {315, 0xffff}}, Writer().u16(2).u8(packet.bytes.size()).add(packet));
  EXPECT_FALSE(has_field(wireless->rows(), Field::src_addr));
}

}  // namespace
}  // namespace weir
