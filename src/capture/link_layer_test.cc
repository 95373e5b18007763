// SPDX-License-Identifier: Apache-2.0
// Frames are built by hand from the layouts in the RFCs and on tcpdump.org/linktypes.html.
#include "capture/link_layer.h"

#include <gtest/gtest.h>

#include <initializer_list>
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
Frame text(const std::string& s) { return {s.begin(), s.end()}; }
Frame zeros(size_t n) { return Frame(n, 0); }

// From 192.0.2.1:50000 / [2001:db8::1]:50000 to 198.51.100.2:2055 / [2001:db8::2]:2055.
Frame udp(const Frame& payload) { return be16(50000) + be16(2055) + be16(8 + payload.size()) + be16(0) + payload; }

Frame ipv4(const Frame& payload, uint16_t flags_and_offset = 0, uint8_t protocol = 17, const Frame& options = {},
           uint16_t id = 7) {
  uint8_t version_and_length = static_cast<uint8_t>(0x45 + options.size() / 4);
  return Frame{version_and_length, 0} + be16(20 + options.size() + payload.size()) + be16(id) + be16(flags_and_offset) +
         Frame{64, protocol} + be16(0) + Frame{192, 0, 2, 1, 198, 51, 100, 2} + options + payload;
}

Frame ipv6(const Frame& payload, uint8_t next_header = 17) {
  Frame prefix = Frame{0x20, 0x01, 0x0d, 0xb8} + zeros(11);
  return Frame{0x60, 0, 0, 0} + be16(payload.size()) + Frame{next_header, 64} + prefix + Frame{1} + prefix + Frame{2} +
         payload;
}

// RFC 8200 §4.5.
Frame ipv6_fragment(size_t offset, bool more, const Frame& part, uint8_t next_header = 17, uint32_t id = 9) {
  return ipv6(Frame{next_header, 0} + be16(offset | (more ? 1 : 0)) + be32(id) + part, 44);
}

Frame ethernet(uint16_t type, const Frame& payload) { return zeros(12) + be16(type) + payload; }

constexpr uint32_t kEthernet = 1, kRaw = 101;

struct Decoded {
  FrameOutcome outcome;
  UdpPayload udp;
  std::string text() const { return {udp.bytes.begin(), udp.bytes.end()}; }
};

// Decodes an exact copy on the heap, so that a sanitizer sees any read past the frame.
Decoded decode(LinkLayer& layer, uint32_t link_type, const Frame& frame, size_t missing = 0, int64_t time_ns = 1) {
  static std::vector<uint8_t> held;
  held = std::vector<uint8_t>(frame.begin(), frame.end());
  held.shrink_to_fit();
  Decoded d{};
  d.outcome = layer.decode(link_type, held, static_cast<uint32_t>(held.size() + missing), time_ns, d.udp);
  return d;
}

void expect_hello(uint32_t link_type, const Frame& frame, const char* source = "192.0.2.1") {
  LinkLayer layer;
  Decoded d = decode(layer, link_type, frame);
  ASSERT_EQ(d.outcome, FrameOutcome::datagram);
  EXPECT_EQ(d.text(), "hello");
  EXPECT_EQ(d.udp.source.to_string(), source);
  EXPECT_EQ(d.udp.source_port, 50000);
  EXPECT_EQ(d.udp.destination_port, 2055);
}

FrameOutcome outcome_of(const Frame& frame, size_t missing = 0, uint32_t link_type = kEthernet) {
  LinkLayer layer;
  return decode(layer, link_type, frame, missing).outcome;
}

const Frame kHello4 = ipv4(udp(text("hello")));
const Frame kHello6 = ipv6(udp(text("hello")));

TEST(LinkLayer, ReadsEveryLinkType) {
  expect_hello(kEthernet, ethernet(0x0800, kHello4));
  expect_hello(kEthernet, ethernet(0x86dd, kHello6), "2001:db8::1");
  for (uint32_t raw : {12u, 14u, 101u, 228u}) expect_hello(raw, kHello4);
  expect_hello(229, kHello6, "2001:db8::1");
  expect_hello(113, be16(0) + be16(1) + be16(6) + zeros(8) + be16(0x0800) + kHello4);                // SLL
  expect_hello(276, be16(0x0800) + be16(0) + be32(2) + be16(1) + Frame{0, 6} + zeros(8) + kHello4);  // SLL2
  expect_hello(0, Frame{2, 0, 0, 0} + kHello4);                  // NULL, little-endian
  expect_hello(0, Frame{0, 0, 0, 30} + kHello6, "2001:db8::1");  // big-endian, macOS
  expect_hello(108, Frame{0, 0, 0, 2} + kHello4);                // LOOP
  expect_hello(9, Frame{0xff, 0x03, 0x00, 0x21} + kHello4);      // PPP
  expect_hello(9, Frame{0x21} + kHello4);                        // PPP, compressed
  expect_hello(50, Frame{0xff, 0x03, 0x00, 0x57} + kHello6, "2001:db8::1");
  expect_hello(104, Frame{0x0f, 0x00, 0x08, 0x00} + kHello4);  // Cisco HDLC
  EXPECT_EQ(outcome_of(kHello4, 0, 147), FrameOutcome::unknown_link_type);
}

TEST(LinkLayer, SkipsTags) {
  expect_hello(kEthernet, ethernet(0x8100, be16(100) + be16(0x0800) + kHello4));
  expect_hello(kEthernet, ethernet(0x88a8, be16(7) + be16(0x8100) + be16(100) + be16(0x0800) + kHello4));
  // MPLS: label 16 and then label 17 with the bottom-of-stack bit, TTL 64.
  expect_hello(kEthernet, ethernet(0x8847, be32(16 << 12 | 64) + be32(17 << 12 | 0x100 | 64) + kHello4));
  expect_hello(kEthernet, ethernet(0x8847, be32(17 << 12 | 0x100 | 64) + kHello6), "2001:db8::1");
  // PPPoE session (RFC 2516) with PPP protocol 0021.
  expect_hello(kEthernet, ethernet(0x8864, Frame{0x11, 0, 0, 1} + be16(2 + kHello4.size()) + be16(0x0021) + kHello4));
  // 802.3 with SNAP (RFC 1042).
  expect_hello(kEthernet, ethernet(static_cast<uint16_t>(8 + kHello4.size()),
                                   Frame{0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00} + kHello4));
}

TEST(LinkLayer, ReadsIpOptionsAndExtensionHeaders) {
  expect_hello(kRaw, ipv4(udp(text("hello")), 0, 17, {0x94, 4, 0, 0}));  // router alert (RFC 2113)
  Frame hop_by_hop = Frame{60, 0, 5, 2, 0, 0, 1, 0};                     // router alert, then destination options
  Frame destination = Frame{51, 1} + zeros(14);                          // 16 bytes, then authentication
  Frame authentication = Frame{17, 4} + zeros(22);                       // RFC 4302: (4 + 2) * 4 bytes
  expect_hello(kRaw, ipv6(hop_by_hop + destination + authentication + udp(text("hello")), 0), "2001:db8::1");
}

TEST(LinkLayer, IgnoresPaddingAfterTheDatagram) { expect_hello(kEthernet, ethernet(0x0800, kHello4 + zeros(13))); }

TEST(LinkLayer, UsesWhatWasCapturedIfOffloadLeavesTheLengthZero) {
  Frame frame = kHello4;
  frame[2] = frame[3] = 0;
  expect_hello(kRaw, frame);
}

TEST(LinkLayer, RecognizesOtherTraffic) {
  EXPECT_EQ(outcome_of(ethernet(0x0806, zeros(28))), FrameOutcome::not_ip);
  EXPECT_EQ(outcome_of(ethernet(0x0026, zeros(38))), FrameOutcome::not_ip);  // 802.3, spanning tree
  EXPECT_EQ(outcome_of(ethernet(0x0800, ipv4(zeros(20), 0, 6))), FrameOutcome::not_udp);
  EXPECT_EQ(outcome_of(ethernet(0x86dd, ipv6(zeros(8), 58))), FrameOutcome::not_udp);
  EXPECT_EQ(outcome_of(ethernet(0x8847, be32(0x100) + zeros(20))), FrameOutcome::not_ip);  // a pseudowire
}

// Cut at any byte, a frame is `truncated` if the capture says that there was more, else `malformed`.
TEST(LinkLayer, CountsFramesCutByTheSnaplen) {
  for (const Frame& whole : {ethernet(0x0800, kHello4), ethernet(0x8100, be16(1) + be16(0x86dd) + kHello6)}) {
    for (size_t size = 0; size < whole.size(); ++size) {
      Frame cut(whole.begin(), whole.begin() + static_cast<long>(size));
      EXPECT_EQ(outcome_of(cut, whole.size() - size), FrameOutcome::truncated) << size;
      EXPECT_EQ(outcome_of(cut), FrameOutcome::malformed) << size;
    }
  }
}

TEST(LinkLayer, CountsLengthsThatContradict) {
  Frame header_too_short = kHello4;
  header_too_short[0] = 0x44;
  EXPECT_EQ(outcome_of(header_too_short, 0, kRaw), FrameOutcome::malformed);
  Frame total_within_header = kHello4;
  total_within_header[3] = 19;
  EXPECT_EQ(outcome_of(total_within_header, 0, kRaw), FrameOutcome::malformed);
  Frame udp_too_long = kHello4;
  udp_too_long[25] = 200;
  EXPECT_EQ(outcome_of(udp_too_long, 0, kRaw), FrameOutcome::malformed);
  Frame udp_too_short = kHello4;
  udp_too_short[25] = 7;
  EXPECT_EQ(outcome_of(udp_too_short, 0, kRaw), FrameOutcome::malformed);
}

// ---- fragments

std::string long_text(size_t n) {
  std::string s(n, ' ');
  for (size_t i = 0; i < n; ++i) s[i] = static_cast<char>('a' + i * 7 % 26);
  return s;
}

Frame part(const Frame& whole, size_t offset, size_t size) {
  size_t end = std::min(whole.size(), offset + size);
  return {whole.begin() + static_cast<long>(offset), whole.begin() + static_cast<long>(end)};
}

Frame fragment4(const Frame& whole, size_t offset, size_t size, uint16_t id = 7) {
  bool more = offset + size < whole.size();
  return ipv4(part(whole, offset, size), static_cast<uint16_t>((more ? 0x2000 : 0) | offset / 8), 17, {}, id);
}

TEST(Fragments, AreReassembledInAnyOrder) {
  std::string payload = long_text(4000);
  Frame whole = udp(text(payload));
  for (const std::vector<size_t>& order :
       std::vector<std::vector<size_t>>{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {0, 2, 1}}) {
    LinkLayer layer;
    Decoded d{};
    for (size_t i = 0; i < order.size(); ++i) {
      d = decode(layer, kRaw, fragment4(whole, order[i] * 1480, 1480));
      EXPECT_EQ(d.outcome, i < 2 ? FrameOutcome::fragment : FrameOutcome::datagram);
    }
    EXPECT_EQ(d.text(), payload);
    EXPECT_EQ(d.udp.source.to_string(), "192.0.2.1");
    EXPECT_EQ(d.udp.source_port, 50000);
    EXPECT_EQ(layer.incomplete_datagrams(), 0u);
  }
}

TEST(Fragments, OfIpv6MayContainExtensionHeaders) {
  std::string payload = long_text(2000);
  Frame whole = Frame{17, 0} + zeros(6) + udp(text(payload));  // destination options first
  LinkLayer layer;
  EXPECT_EQ(decode(layer, kRaw, ipv6_fragment(0, true, part(whole, 0, 1232), 60)).outcome, FrameOutcome::fragment);
  Decoded d = decode(layer, kRaw, ipv6_fragment(1232, false, part(whole, 1232, 9999), 60));
  ASSERT_EQ(d.outcome, FrameOutcome::datagram);
  EXPECT_EQ(d.text(), payload);
}

TEST(Fragments, CompleteInOneFragmentAreIndependent) {  // RFC 6946
  LinkLayer layer;
  Frame other = udp(text(long_text(2000)));
  EXPECT_EQ(decode(layer, kRaw, ipv6_fragment(0, true, part(other, 0, 1232))).outcome, FrameOutcome::fragment);
  Decoded d = decode(layer, kRaw, ipv6_fragment(0, false, udp(text("hello"))));
  ASSERT_EQ(d.outcome, FrameOutcome::datagram);
  EXPECT_EQ(d.text(), "hello");
  EXPECT_EQ(decode(layer, kRaw, ipv6_fragment(1232, false, part(other, 1232, 9999))).outcome, FrameOutcome::datagram);
}

TEST(Fragments, OfDifferentDatagramsAreKeptApart) {
  LinkLayer layer;
  Frame a = udp(text(long_text(2000))), b = udp(text(std::string(2000, 'B')));
  decode(layer, kRaw, fragment4(a, 0, 1480, 1));
  decode(layer, kRaw, fragment4(b, 0, 1480, 2));
  EXPECT_EQ(decode(layer, kRaw, fragment4(b, 1480, 1480, 2)).text(), std::string(2000, 'B'));
  EXPECT_EQ(decode(layer, kRaw, fragment4(a, 1480, 1480, 1)).text(), long_text(2000));
}

TEST(Fragments, RepetitionsAreIgnoredAndContradictionsRefused) {  // RFC 5722
  Frame whole = udp(text(long_text(4000)));
  LinkLayer layer;
  EXPECT_EQ(decode(layer, kRaw, fragment4(whole, 0, 1480)).outcome, FrameOutcome::fragment);
  EXPECT_EQ(decode(layer, kRaw, fragment4(whole, 0, 1480)).outcome, FrameOutcome::fragment);
  Frame forged = whole;
  forged[1479] = '!';
  EXPECT_EQ(decode(layer, kRaw, fragment4(forged, 1472, 1480)).outcome, FrameOutcome::malformed);
  EXPECT_EQ(layer.incomplete_datagrams(), 1u);
}

TEST(Fragments, WithImpossibleBoundsAreRefused) {
  LinkLayer layer;
  Frame whole = udp(text(long_text(4000)));
  // Not a multiple of 8 although more follow; past the largest datagram; past the datagram's own end.
  EXPECT_EQ(decode(layer, kRaw, ipv4(zeros(13), 0x2000)).outcome, FrameOutcome::malformed);
  EXPECT_EQ(decode(layer, kRaw, ipv4(zeros(16), 0x1fff)).outcome, FrameOutcome::malformed);
  EXPECT_EQ(decode(layer, kRaw, ipv4(zeros(24), 0x2000 | 100)).outcome, FrameOutcome::fragment);
  EXPECT_EQ(decode(layer, kRaw, ipv4(zeros(24), 50)).outcome, FrameOutcome::malformed);
  // Cut by the snaplen: useless.
  Frame cut = fragment4(whole, 0, 1480);
  cut.resize(100);
  EXPECT_EQ(decode(layer, kRaw, cut, 1400).outcome, FrameOutcome::truncated);
}

TEST(Fragments, TheTableKeepsTheNewestAndCountsTheRest) {
  LinkLayer layer;
  Frame whole = udp(text(long_text(2000)));
  constexpr uint16_t kMany = Reassembly::kDatagramsInFlight + 10;
  for (uint16_t id = 0; id < kMany; ++id) decode(layer, kRaw, fragment4(whole, 0, 1480, id));
  EXPECT_EQ(layer.incomplete_datagrams(), kMany);
  EXPECT_EQ(decode(layer, kRaw, fragment4(whole, 1480, 1480, kMany - 1)).outcome, FrameOutcome::datagram);
  EXPECT_EQ(decode(layer, kRaw, fragment4(whole, 1480, 1480, 10)).outcome, FrameOutcome::datagram);
  EXPECT_EQ(decode(layer, kRaw, fragment4(whole, 1480, 1480, 9)).outcome, FrameOutcome::fragment);  // evicted
}

TEST(Fragments, OldOnesAreNotMixedWithAReusedIdentification) {
  LinkLayer layer;
  Frame whole = udp(text(long_text(2000)));
  decode(layer, kRaw, fragment4(whole, 0, 1480), 0, 1);
  EXPECT_EQ(decode(layer, kRaw, fragment4(whole, 1480, 1480), 0, Reassembly::kTimeoutNs + 2).outcome,
            FrameOutcome::fragment);
}

}  // namespace
}  // namespace weir
