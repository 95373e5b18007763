// SPDX-License-Identifier: Apache-2.0
// Packets are built by hand from the layouts in the RFCs.
#include "wire/packet_headers.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

using Frame = std::vector<uint8_t>;

Frame operator+(Frame a, const Frame& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Frame be16(size_t v) { return {static_cast<uint8_t>(v >> 8), static_cast<uint8_t>(v)}; }
Frame be32(uint32_t v) { return be16(v >> 16) + be16(v & 0xffff); }
Frame zeros(size_t n) { return Frame(n, 0); }

Frame ethernet(uint16_t type, const Frame& payload) {
  return Frame{0x00, 0x1b, 0x21, 0xaa, 0xbb, 0xcc, 0x02, 0x00, 0x5e, 0x10, 0x20, 0x30} + be16(type) + payload;
}
Frame tag(uint16_t control, uint16_t type, const Frame& payload) { return be16(control) + be16(type) + payload; }
Frame ipv4(uint8_t protocol, const Frame& payload, uint16_t flags_and_offset = 0x4000, const Frame& options = {}) {
  return Frame{static_cast<uint8_t>(0x45 + options.size() / 4), 0xb8} + be16(20 + options.size() + payload.size()) +
         be16(0x1234) + be16(flags_and_offset) + Frame{63, protocol} + be16(0) + Frame{192, 0, 2, 1, 198, 51, 100, 2} +
         options + payload;
}
Frame address6(uint8_t last) { return Frame{0x20, 0x01, 0x0d, 0xb8} + zeros(11) + Frame{last}; }
Frame ipv6(uint8_t next, const Frame& payload) {
  return Frame{0x6a, 0xb5, 0x43, 0x21} + be16(payload.size()) + Frame{next, 61} + address6(1) + address6(2) + payload;
}
Frame udp(uint16_t source, uint16_t destination, const Frame& payload = {}) {
  return be16(source) + be16(destination) + be16(8 + payload.size()) + be16(0) + payload;
}
// 24 octets: one option word.
Frame tcp(uint8_t flags) {
  return be16(443) + be16(50000) + be32(1) + be32(2) + Frame{0x60, flags} + be16(1000) + be32(0) +
         Frame{2, 4, 0x05, 0xb4};
}
Frame icmp(uint8_t type, uint8_t code) { return Frame{type, code} + zeros(6); }

// Parses an exact copy on the heap, so that a sanitizer sees any read past the section.
PacketHeaders parse(const Frame& section, HeaderStart start = HeaderStart::ethernet) {
  static std::vector<uint8_t> held;
  held = std::vector<uint8_t>(section.begin(), section.end());
  held.shrink_to_fit();
  PacketHeaders headers;
  parse_packet_headers(start, held, headers);
  return headers;
}

using L = PacketLayer;
struct Layer {
  L layer;
  uint32_t size;
  bool operator==(const Layer&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Layer& l) {
  return out << static_cast<int>(l.layer) << " of " << l.size;
}
std::vector<Layer> layers(const PacketHeaders& h) {
  std::vector<Layer> found;
  for (size_t i = 0; i < h.layers; ++i) found.push_back({h.layer[i], h.layer_size[i]});
  return found;
}
using Layers = std::vector<Layer>;

TEST(PacketHeaders, TcpOverIpv4) {
  PacketHeaders h = parse(ethernet(0x0800, ipv4(6, tcp(0x12))));
  EXPECT_TRUE(h.has_macs);
  EXPECT_EQ(h.dst_mac, 0x001b21aabbccu);
  EXPECT_EQ(h.src_mac, 0x02005e102030u);
  EXPECT_TRUE(h.has_etype);
  EXPECT_EQ(h.etype, 0x0800);
  EXPECT_EQ(h.ip_version, 4);
  EXPECT_EQ(h.src.to_string(), "192.0.2.1");
  EXPECT_EQ(h.dst.to_string(), "198.51.100.2");
  EXPECT_EQ(h.tos, 0xb8);
  EXPECT_EQ(h.ttl, 63);
  EXPECT_EQ(h.proto, 6);
  EXPECT_TRUE(h.has_fragment);
  EXPECT_EQ(h.fragment_id, 0x1234u);
  EXPECT_EQ(h.fragment_offset, 0);
  EXPECT_EQ(h.ip_flags, 2);  // do not fragment
  EXPECT_TRUE(h.has_ports);
  EXPECT_EQ(h.src_port, 443);
  EXPECT_EQ(h.dst_port, 50000);
  EXPECT_TRUE(h.has_tcp_flags);
  EXPECT_EQ(h.tcp_flags, 0x12);
  EXPECT_FALSE(h.has_icmp);
  EXPECT_EQ(h.vlans, 0);
  EXPECT_EQ(layers(h), (Layers{{L::ethernet, 14}, {L::ipv4, 20}, {L::tcp, 24}}));
}

TEST(PacketHeaders, UdpOverIpv6) {
  PacketHeaders h = parse(ethernet(0x86dd, ipv6(17, udp(53, 3000))));
  EXPECT_EQ(h.etype, 0x86dd);
  EXPECT_EQ(h.ip_version, 6);
  EXPECT_EQ(h.src.to_string(), "2001:db8::1");
  EXPECT_EQ(h.dst.to_string(), "2001:db8::2");
  EXPECT_EQ(h.tos, 0xab);
  EXPECT_EQ(h.flow_label, 0x54321u);
  EXPECT_EQ(h.ttl, 61);
  EXPECT_EQ(h.proto, 17);
  EXPECT_FALSE(h.has_fragment);
  EXPECT_EQ(h.src_port, 53);
  EXPECT_EQ(h.dst_port, 3000);
  EXPECT_FALSE(h.has_tcp_flags);
  EXPECT_EQ(layers(h), (Layers{{L::ethernet, 14}, {L::ipv6, 40}, {L::udp, 8}}));
}

TEST(PacketHeaders, SectionsMayStartWithIp) {
  EXPECT_EQ(layers(parse(ipv4(17, udp(1, 2)), HeaderStart::ip)), (Layers{{L::ipv4, 20}, {L::udp, 8}}));
  PacketHeaders h = parse(ipv6(17, udp(1, 2)), HeaderStart::ip);
  EXPECT_EQ(layers(h), (Layers{{L::ipv6, 40}, {L::udp, 8}}));
  EXPECT_FALSE(h.has_macs);
  EXPECT_EQ(h.etype, 0x86dd);
  EXPECT_EQ(layers(parse({0x55, 0, 0}, HeaderStart::ip)), Layers{});
  EXPECT_EQ(layers(parse({}, HeaderStart::ip)), Layers{});
}

TEST(PacketHeaders, VlanTags) {
  // 802.1ad outside (priority 5, VLAN 100), 802.1Q inside (drop eligible, VLAN 200)
  PacketHeaders h = parse(ethernet(0x88a8, tag(0xa064, 0x8100, tag(0x10c8, 0x0800, ipv4(17, udp(1, 2))))));
  EXPECT_EQ(h.vlans, 2);
  EXPECT_EQ(h.outer_vlan, 100);
  EXPECT_EQ(h.vlan, 200);
  EXPECT_EQ(h.etype, 0x0800);
  EXPECT_EQ(h.src_port, 1);
  EXPECT_EQ(layers(h), (Layers{{L::ethernet, 14}, {L::vlan, 4}, {L::vlan, 4}, {L::ipv4, 20}, {L::udp, 8}}));

  h = parse(ethernet(0x8100, tag(0x0007, 0x0806, zeros(28))));
  EXPECT_EQ(h.vlan, 7);
  EXPECT_EQ(h.outer_vlan, 7);
  EXPECT_EQ(h.etype, 0x0806);
  EXPECT_EQ(h.ip_version, 0);
}

TEST(PacketHeaders, LlcSnap) {
  Frame snap{0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00};
  PacketHeaders h = parse(ethernet(60, snap + ipv4(17, udp(1, 2))));
  EXPECT_EQ(h.etype, 0x0800);
  EXPECT_EQ(layers(h), (Layers{{L::ethernet, 22}, {L::ipv4, 20}, {L::udp, 8}}));

  h = parse(ethernet(38, Frame{0x42, 0x42, 0x03} + zeros(35)));  // spanning tree: a length is not a type
  EXPECT_FALSE(h.has_etype);
  EXPECT_EQ(layers(h), (Layers{{L::ethernet, 14}}));
}

TEST(PacketHeaders, MplsStack) {
  // label 16000 class 1 TTL 64; label 3 (reserved, not the bottom) TTL 1; label 0xfffff bottom TTL 255
  Frame stack = be32(16000u << 12 | 1u << 9 | 64) + be32(3u << 12 | 1) + be32(0xfffffu << 12 | 0x100 | 255);
  PacketHeaders h = parse(ethernet(0x8847, stack + ipv6(58, icmp(128, 0))));
  ASSERT_EQ(h.labels, 3);
  EXPECT_EQ((std::vector<uint32_t>{h.label, h.label + 3}), (std::vector<uint32_t>{16000, 3, 0xfffff}));
  EXPECT_EQ((std::vector<int>{h.label_ttl, h.label_ttl + 3}), (std::vector<int>{64, 1, 255}));
  EXPECT_EQ(h.etype, 0x86dd);
  EXPECT_TRUE(h.has_icmp);
  EXPECT_EQ(h.icmp_type, 128);
  EXPECT_EQ(layers(h), (Layers{{L::ethernet, 14}, {L::mpls, 12}, {L::ipv6, 40}, {L::icmpv6, 8}}));

  h = parse(be32(0x100) + ipv4(1, icmp(3, 13)), HeaderStart::mpls);
  EXPECT_EQ(h.icmp_code, 13);
  EXPECT_EQ(layers(h), (Layers{{L::mpls, 4}, {L::ipv4, 20}, {L::icmp, 8}}));

  h = parse(ethernet(0x8847, be32(0x100) + zeros(20)));  // a pseudowire's control word without a frame
  EXPECT_EQ(h.etype, 0x8847);
  EXPECT_EQ(h.ip_version, 0);
}

// Adds the checksum that the packet would have on the wire (RFC 791 §3.1).
Frame checked(Frame packet) {
  uint32_t sum = 0;
  for (size_t i = 0; i < 20; i += 2) sum += static_cast<uint32_t>(packet[i] << 8 | packet[i + 1]);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  packet[10] = static_cast<uint8_t>(~sum >> 8), packet[11] = static_cast<uint8_t>(~sum);
  return packet;
}

// RFC 4448: Ethernet over MPLS, with the control word of RFC 4385 or without.
TEST(PacketHeaders, ReadsThePacketInAPseudowire) {
  const Frame bottom = be32(24001u << 12 | 0x100 | 63), control = {0, 0, 0, 7};
  const Frame packet = checked(ipv4(6, tcp(2))), customer = ethernet(0x0800, packet);
  PacketHeaders h = parse(ethernet(0x8847, be32(16001u << 12 | 62) + bottom + control + customer));
  EXPECT_EQ(h.src.to_string(), "192.0.2.1");
  EXPECT_EQ(h.src_port, 443);
  EXPECT_EQ(h.proto, 6);
  EXPECT_EQ(h.etype, 0x0800);
  EXPECT_EQ(h.labels, 2);
  EXPECT_EQ(layers(h), (Layers{{L::ethernet, 14}, {L::mpls, 8}, {L::ethernet, 14}, {L::ipv4, 20}, {L::tcp, 24}}));

  h = parse(ethernet(0x8847, bottom + control + ethernet(0x8100, tag(77, 0x86dd, ipv6(17, udp(53, 3000))))));
  EXPECT_EQ(h.vlan, 77);
  EXPECT_EQ(h.src.to_string(), "2001:db8::1");
  EXPECT_EQ(h.src_port, 53);

  // Without a control word, with destination MAC addresses whose first four bits are 0, 4, 6 and 8.
  for (uint8_t first : {0x02, 0x46, 0x66, 0x8a}) {
    Frame frame = customer;
    frame[0] = first;
    h = parse(ethernet(0x8847, bottom + frame));
    EXPECT_EQ(h.src.to_string(), "192.0.2.1") << int{first};
    EXPECT_EQ(h.src_port, 443) << int{first};
    EXPECT_EQ(h.src_mac, 0x02005e102030u) << "the frame's own, not the customer's";
  }
  h = parse(bottom + control + customer, HeaderStart::mpls);
  EXPECT_EQ(h.src_port, 443);
  EXPECT_TRUE(h.has_macs) << "there is no outer frame";
}

TEST(PacketHeaders, RejectsWhatOnlyLooksLikeAPseudowire) {
  const Frame bottom = be32(24001u << 12 | 0x100 | 63);
  // The pseudowire's associated channel (RFC 4385 §5) begins with 1.
  PacketHeaders h = parse(ethernet(0x8847, bottom + Frame{0x10, 0, 0, 0x21} + ethernet(0x0800, ipv4(6, tcp(2)))));
  EXPECT_EQ(h.ip_version, 0);
  // IPv6 whose source address contains 0800 and 4 at the offsets of a frame's type and IP version.
  Frame packet = ipv6(17, udp(53, 3000));
  packet[12] = 0x08, packet[13] = 0x00, packet[14] = 0x45;
  h = parse(ethernet(0x8847, bottom + packet));
  EXPECT_EQ(h.ip_version, 6);
  EXPECT_EQ(h.src_port, 53);
  // IPv4 with a checksum left to the network card.
  EXPECT_EQ(parse(ethernet(0x8847, bottom + ipv4(17, udp(53, 3000)))).src_port, 53);
}

TEST(PacketHeaders, CountsOnlyTheLabelsThatTheStructHolds) {
  Frame stack;
  for (uint32_t n = 0; n < 40; ++n) stack = stack + be32(n << 12);
  PacketHeaders h = parse(stack + be32(99u << 12 | 0x100) + ipv4(17, udp(1, 2)), HeaderStart::mpls);
  ASSERT_EQ(h.labels, PacketHeaders::kMaxLabels);
  EXPECT_EQ(h.label[PacketHeaders::kMaxLabels - 1], PacketHeaders::kMaxLabels - 1);
  EXPECT_EQ(layers(h), (Layers{{L::mpls, 164}, {L::ipv4, 20}, {L::udp, 8}}));
}

TEST(PacketHeaders, PppoeAndPpp) {
  Frame session = Frame{0x11, 0} + be16(7) + be16(100);
  PacketHeaders h = parse(ethernet(0x8864, session + be16(0x0021) + ipv4(17, udp(1, 2))));
  EXPECT_EQ(h.etype, 0x0800);
  EXPECT_EQ(layers(h), (Layers{{L::ethernet, 14}, {L::pppoe, 6}, {L::ipv4, 20}, {L::udp, 8}}));
  EXPECT_EQ(parse(Frame{0xff, 0x03} + be16(0x0057) + ipv6(17, udp(1, 2)), HeaderStart::ppp).ip_version, 6);
  EXPECT_EQ(parse(Frame{0x21} + ipv4(17, udp(1, 2)), HeaderStart::ppp).ip_version, 4);
  EXPECT_EQ(layers(parse(be16(0xc021) + zeros(20), HeaderStart::ppp)), Layers{});  // link control protocol
}

TEST(PacketHeaders, Ipv4Options) {
  PacketHeaders h = parse(ipv4(17, udp(53, 3000), 0x4000, Frame{7, 7, 4, 0, 0, 0, 0, 0}), HeaderStart::ip);
  EXPECT_EQ(h.src_port, 53);
  EXPECT_EQ(layers(h), (Layers{{L::ipv4, 28}, {L::udp, 8}}));
}

TEST(PacketHeaders, Ipv4Fragments) {
  PacketHeaders first = parse(ipv4(17, udp(53, 3000), 0x2000), HeaderStart::ip);
  EXPECT_EQ(first.ip_flags, 1);  // more fragments
  EXPECT_TRUE(first.has_ports);
  PacketHeaders later = parse(ipv4(17, udp(53, 3000), 185), HeaderStart::ip);
  EXPECT_EQ(later.fragment_offset, 185);
  EXPECT_EQ(later.proto, 17);
  EXPECT_FALSE(later.has_ports);
  EXPECT_EQ(layers(later), (Layers{{L::ipv4, 20}}));
}

TEST(PacketHeaders, PaddingIsNotPayload) {
  Frame packet = ipv4(6, {});  // total length says that there is no payload
  EXPECT_FALSE(parse(ethernet(0x0800, packet + zeros(26))).has_ports);
  packet = ipv4(17, udp(53, 3000));
  packet[2] = packet[3] = 0;  // total length 0: filled in by the network card after the packet was sampled
  EXPECT_EQ(parse(packet, HeaderStart::ip).src_port, 53);
  packet[3] = 19;  // impossible
  EXPECT_EQ(parse(packet, HeaderStart::ip).ip_version, 0);
}

TEST(PacketHeaders, Ipv6Fragments) {
  auto fragment = [](uint16_t offset_and_flags) {
    return ipv6(44, Frame{17, 0} + be16(offset_and_flags) + be32(0xdeadbeef) + udp(53, 3000));
  };
  PacketHeaders first = parse(fragment(1), HeaderStart::ip);
  EXPECT_TRUE(first.has_fragment);
  EXPECT_EQ(first.fragment_id, 0xdeadbeef);
  EXPECT_EQ(first.ip_flags, 1);
  EXPECT_EQ(first.proto, 17);  // from the last extension header
  EXPECT_EQ(first.src_port, 53);
  EXPECT_EQ(layers(first), (Layers{{L::ipv6, 40}, {L::ipv6_fragment, 8}, {L::udp, 8}}));
  PacketHeaders later = parse(fragment(185 << 3), HeaderStart::ip);
  EXPECT_EQ(later.fragment_offset, 185);
  EXPECT_FALSE(later.has_ports);
  EXPECT_EQ(later.proto, 17);
}

TEST(PacketHeaders, SegmentRouting) {
  // RFC 8754 §2: type 4, one segment left, last entry 1; then a TLV of 8 octets.
  Frame srh = Frame{4, 5, 4, 1, 1, 0, 0, 0} + address6(0xa) + address6(0xb) + Frame{4, 6} + zeros(6);
  PacketHeaders h = parse(ethernet(0x86dd, ipv6(43, srh + ipv4(6, tcp(2)))));
  EXPECT_TRUE(h.has_routing);
  EXPECT_EQ(h.segments_left, 1);
  ASSERT_EQ(h.routing_addresses.size(), 32u);
  EXPECT_EQ(IpAddress::v6(h.routing_addresses.data()).to_string(), "2001:db8::a");
  EXPECT_EQ(IpAddress::v6(h.routing_addresses.data() + 16).to_string(), "2001:db8::b");
  EXPECT_EQ(h.ip_version, 6);
  EXPECT_FALSE(h.has_ports) << "those of the inner packet";
  EXPECT_EQ(layers(h), (Layers{{L::ethernet, 14}, {L::ipv6, 40}, {L::ipv6_routing, 48}, {L::ipv4, 20}, {L::tcp, 24}}));

  // Truncated in its second address: the first is complete.
  h = parse(ipv6(43, Frame(srh.begin(), srh.begin() + 30)), HeaderStart::ip);
  EXPECT_EQ(h.routing_addresses.size(), 16u);
  EXPECT_EQ(layers(h), (Layers{{L::ipv6, 40}, {L::ipv6_routing, 48}}));
}

TEST(PacketHeaders, RoutingHeadersOfType0AndOthers) {
  PacketHeaders h = parse(ipv6(43, Frame{17, 2, 0, 1, 0, 0, 0, 0} + address6(9) + udp(1, 2)), HeaderStart::ip);
  EXPECT_EQ(h.routing_addresses.size(), 16u);
  EXPECT_TRUE(h.has_ports);
  h = parse(ipv6(43, Frame{17, 2, 3, 1, 0, 0, 0, 0} + zeros(16) + udp(1, 2)), HeaderStart::ip);  // RPL, compressed
  EXPECT_TRUE(h.has_routing);
  EXPECT_EQ(h.routing_addresses.size(), 0u);
}

TEST(PacketHeaders, Ipv6ExtensionHeaders) {
  Frame hop{60, 0, 5, 2, 0, 0, 1, 0}, destination = Frame{51, 1} + zeros(14);
  Frame authentication = Frame{58, 4} + zeros(22);  // (4 + 2) words
  PacketHeaders h = parse(ipv6(0, hop + destination + authentication + icmp(143, 0)), HeaderStart::ip);
  EXPECT_EQ(h.proto, 58);
  EXPECT_EQ(h.icmp_type, 143);
  EXPECT_EQ(
      layers(h),
      (Layers{
          {L::ipv6, 40}, {L::ipv6_hop_by_hop, 8}, {L::ipv6_destination, 16}, {L::authentication, 24}, {L::icmpv6, 8}}));
}

// IANA, IE 4: "in IPv6, this is carried in the Next Header field in the last extension header of the packet".
TEST(PacketHeaders, ProtocolIsFromTheLastExtensionHeader) {
  const Frame routing = Frame{6, 2, 0, 1, 0, 0, 0, 0} + address6(9);
  EXPECT_EQ(parse(ethernet(0x86dd, ipv6(43, routing + tcp(2)))).proto, 6);
  EXPECT_EQ(parse(ipv6(0, Frame{59, 0, 1, 4, 0, 0, 0, 0}), HeaderStart::ip).proto, 59) << "no next header";
  EXPECT_EQ(parse(ipv6(0, Frame{135, 0, 1, 4, 0, 0, 0, 0} + zeros(8)), HeaderStart::ip).proto, 135) << "mobility";
  EXPECT_EQ(parse(ipv6(60, Frame{17, 3}), HeaderStart::ip).proto, 60) << "cut before its end";
  EXPECT_EQ(parse(ipv4(51, Frame{17, 4} + zeros(22) + udp(1, 2)), HeaderStart::ip).proto, 51) << "IPv4 has none";
  EXPECT_EQ(parse(ipv6(4, ipv4(6, tcp(2))), HeaderStart::ip).proto, 4) << "nor does a tunnel's inner packet count";
}

TEST(PacketHeaders, IpInIpReportsTheOuterPacket) {
  PacketHeaders h = parse(ipv4(41, ipv6(17, udp(53, 3000))), HeaderStart::ip);
  EXPECT_EQ(h.ip_version, 4);
  EXPECT_EQ(h.proto, 41);
  EXPECT_EQ(h.etype, 0x0800);
  EXPECT_FALSE(h.has_ports);
  EXPECT_EQ(layers(h), (Layers{{L::ipv4, 20}, {L::ipv6, 40}, {L::udp, 8}}));
  h = parse(ipv4(4, ipv4(1, icmp(8, 0))), HeaderStart::ip);
  EXPECT_FALSE(h.has_icmp) << "the inner packet's";
  EXPECT_EQ(layers(h), (Layers{{L::ipv4, 20}, {L::ipv4, 20}, {L::icmp, 8}}));
}

TEST(PacketHeaders, GreWithItsOptionalWords) {
  Frame inner = ethernet(0x8100, tag(5, 0x0800, ipv4(17, udp(53, 3000))));
  // checksum, key and sequence are present
  PacketHeaders h = parse(ipv4(47, be16(0xb000) + be16(0x6558) + zeros(12) + inner), HeaderStart::ip);
  EXPECT_EQ(layers(h),
            (Layers{{L::ipv4, 20}, {L::gre, 16}, {L::ethernet, 14}, {L::vlan, 4}, {L::ipv4, 20}, {L::udp, 8}}));
  EXPECT_FALSE(h.has_macs);
  EXPECT_EQ(h.vlans, 0);
  EXPECT_FALSE(h.has_ports);
  EXPECT_EQ(h.proto, 47);
  // Labels inside the tunnel do not belong to the outer packet, nor do the addresses after them.
  h = parse(ipv4(47, be16(0) + be16(0x8847) + be32(77u << 12 | 0x100) + ipv6(17, udp(1, 2))), HeaderStart::ip);
  EXPECT_EQ(h.labels, 0);
  EXPECT_EQ(h.ip_version, 4);
  EXPECT_EQ(layers(h), (Layers{{L::ipv4, 20}, {L::gre, 4}, {L::mpls, 4}, {L::ipv6, 40}, {L::udp, 8}}));
  // PPTP (RFC 2637): version 1, key and sequence; PPP with a one-octet protocol field
  h = parse(ipv4(47, be16(0x3001) + be16(0x880b) + zeros(8) + Frame{0x21} + ipv4(6, tcp(2))), HeaderStart::ip);
  EXPECT_EQ(layers(h), (Layers{{L::ipv4, 20}, {L::gre, 12}, {L::ipv4, 20}, {L::tcp, 24}}));
}

TEST(PacketHeaders, VxlanAndGeneve) {
  Frame inner = ethernet(0x0800, ipv4(6, tcp(2)));
  PacketHeaders h = parse(ipv4(17, udp(40000, 4789, Frame{8, 0, 0, 0, 0, 0, 1, 0} + inner)), HeaderStart::ip);
  EXPECT_EQ(h.dst_port, 4789);
  EXPECT_FALSE(h.has_tcp_flags);
  EXPECT_EQ(layers(h),
            (Layers{{L::ipv4, 20}, {L::udp, 8}, {L::vxlan, 8}, {L::ethernet, 14}, {L::ipv4, 20}, {L::tcp, 24}}));
  h = parse(ipv4(17, udp(40000, 6081, Frame{1, 0, 0x65, 0x58} + zeros(8) + inner)), HeaderStart::ip);
  EXPECT_EQ(layers(h),
            (Layers{{L::ipv4, 20}, {L::udp, 8}, {L::geneve, 12}, {L::ethernet, 14}, {L::ipv4, 20}, {L::tcp, 24}}));
  EXPECT_EQ(layers(parse(ipv4(17, udp(4789, 53, Frame{8, 0, 0, 0, 0, 0, 1, 0} + inner)), HeaderStart::ip)),
            (Layers{{L::ipv4, 20}, {L::udp, 8}}))
      << "an answer from a port of that number";
}

TEST(PacketHeaders, OtherTransportsHavePortsToo) {
  PacketHeaders h = parse(ipv4(132, be16(2905) + be16(2906) + zeros(8)), HeaderStart::ip);
  EXPECT_EQ(h.src_port, 2905);
  EXPECT_EQ(layers(h), (Layers{{L::ipv4, 20}}));
}

TEST(PacketHeaders, ReadsTheCompleteFieldsOfATruncatedHeader) {
  Frame frame = ethernet(0x0800, ipv4(6, tcp(0x18)));
  auto cut = [&](size_t size) { return parse(Frame(frame.begin(), frame.begin() + static_cast<long>(size))); };
  EXPECT_EQ(layers(cut(13)), Layers{});
  EXPECT_FALSE(cut(13).has_macs);
  EXPECT_EQ(layers(cut(33)), (Layers{{L::ethernet, 14}}));
  EXPECT_EQ(cut(33).ip_version, 0);
  EXPECT_TRUE(cut(33).has_etype);
  EXPECT_FALSE(cut(37).has_ports);
  EXPECT_EQ(cut(38).dst_port, 50000);
  EXPECT_FALSE(cut(47).has_tcp_flags);
  EXPECT_EQ(cut(48).tcp_flags, 0x18);
  EXPECT_EQ(layers(cut(53)), (Layers{{L::ethernet, 14}, {L::ipv4, 20}}));
  EXPECT_EQ(layers(cut(54)), (Layers{{L::ethernet, 14}, {L::ipv4, 20}, {L::tcp, 24}}));
}

TEST(PacketHeaders, AcceptsEveryTruncationOfEveryKind) {
  Frame srh = Frame{17, 2, 4, 0, 0, 0, 0, 0} + address6(0xa);
  std::vector<Frame> all = {
      ethernet(0x88a8, tag(1, 0x8100, tag(2, 0x8847, be32(5 << 12 | 0x100) + ipv4(6, tcp(2), 0, zeros(8))))),
      ethernet(0x86dd, ipv6(0, Frame{43, 0} + zeros(6) + srh + udp(1, 4789, Frame{8} + zeros(7) + ethernet(0, {})))),
      ethernet(0x8864, Frame{0x11, 0} + zeros(4) + be16(0x0021) +
                           ipv4(47, be16(0xb000) + be16(0x86dd) + zeros(12) + ipv6(44, Frame{1, 0} + zeros(6))))};
  for (const Frame& frame : all)
    for (size_t size = 0; size <= frame.size(); ++size)
      for (auto start : {HeaderStart::ethernet, HeaderStart::ip, HeaderStart::mpls, HeaderStart::ppp}) {
        PacketHeaders h = parse(Frame(frame.begin(), frame.begin() + static_cast<long>(size)), start);
        EXPECT_LE(h.layers, PacketHeaders::kMaxLayers);
      }
}

TEST(PacketHeaders, LimitsNesting) {
  Frame packet = ipv4(17, udp(1, 2));
  for (int n = 0; n < 60; ++n) packet = ipv4(4, packet);
  EXPECT_EQ(parse(packet, HeaderStart::ip).layers, PacketHeaders::kMaxLayers);
}

}  // namespace
}  // namespace weir
