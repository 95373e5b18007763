// SPDX-License-Identifier: Apache-2.0
#include "wire/packet_headers.h"

#include <algorithm>

#include "wire/next_header.h"

namespace weir {
namespace {

constexpr size_t kEthernetHeader = 14, kTypeAt = 12;
constexpr uint16_t kArp = 0x0806;

// Whether an IPv4 header is there whose checksum is right (RFC 791 §3.1: the ones' complement sum of its words).
bool has_checksum4(Bytes packet) {
  if (packet.size() < 20 || packet[0] >> 4 != 4) return false;
  const size_t header = size_t{4} * (packet[0] & 0x0f);
  if (header < 20 || header > packet.size()) return false;
  uint32_t sum = 0;
  for (size_t i = 0; i < header; i += 2) sum += load_be16(packet.data() + i);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return sum == 0xffff;
}

// Whether these may be an Ethernet frame: of a type that is known, and an IP packet of that version where it says so.
bool is_frame(Bytes octets) {
  if (octets.size() <= kEthernetHeader) return false;
  const uint16_t type = load_be16(octets.data() + kTypeAt);
  const unsigned version = octets[kEthernetHeader] >> 4;
  if (type == 0x0800) return version == 4;
  if (type == 0x86dd) return version == 6;
  return type == kArp || by_etype(type) != Next::end;
}

// The same where chance would not do: of an IPv4 packet with the right checksum.
bool carries_checked_packet(Bytes octets) { return is_frame(octets) && has_checksum4(octets.subspan(kEthernetHeader)); }

class Parser {
 public:
  Parser(Bytes section, PacketHeaders& out) : rest_(section), out_(out) {}

  void parse(Next next) {
    Level before = Level::link;
    bool first = true;
    while (next != Next::end && out_.layers < PacketHeaders::kMaxLayers) {
      Level level = level_of(next);
      if (!first && begins_inner(before, level)) inner_ = true;
      before = level;
      first = false;
      next = read(next);
    }
  }

 private:
  Next read(Next next);
  Next ethernet();
  Next behind_labels();
  Next vlan();
  Next mpls();
  Next pppoe();
  Next ppp();
  Next ip();
  Next ipv4();
  Next ipv6();
  Next options(PacketLayer layer, size_t unit, size_t fixed);
  Next routing();
  Next fragment();
  Next tcp();
  Next udp();
  Next icmp(PacketLayer layer);
  Next gre();
  Next vxlan();
  Next geneve();

  bool there(size_t octets) const { return rest_.size() >= octets; }
  // Lists a layer and steps over it; `next` where the section goes on behind it.
  Next step(PacketLayer layer, size_t size, Next next) {
    out_.layer[out_.layers] = layer;
    out_.layer_size[out_.layers++] = static_cast<uint32_t>(size);
    if (rest_.size() < size) return Next::end;
    rest_ = rest_.subspan(size);
    return next;
  }
  // An extension header tells it too: the last one counts (IANA, IE 4).
  Next next_protocol(uint8_t number) {
    if (!inner_ && out_.ip_version == 6) out_.proto = number;
    return by_protocol(number);
  }
  void etype(uint16_t type) {
    if (inner_ || type < 0x0600) return;  // a smaller one is a length
    out_.has_etype = true;
    out_.etype = type;
  }
  Next ports() {
    if (!inner_ && there(4)) {
      out_.has_ports = true;
      out_.src_port = load_be16(rest_.data());
      out_.dst_port = load_be16(rest_.data() + 2);
    }
    return Next::end;
  }

  Bytes rest_;
  PacketHeaders& out_;
  bool inner_ = false;  // inside a tunnel
};

Next Parser::read(Next next) {
  switch (next) {
    case Next::ethernet:
    case Next::pseudowire:
      return ethernet();
    case Next::vlan:
      return vlan();
    case Next::mpls:
      return mpls();
    case Next::pppoe:
      return pppoe();
    case Next::ppp:
      return ppp();
    case Next::ip:
      return ip();
    case Next::ipv4:
      return ipv4();
    case Next::ipv6:
      return ipv6();
    case Next::hop_by_hop:
      return options(PacketLayer::ipv6_hop_by_hop, 8, 8);
    case Next::destination:
      return options(PacketLayer::ipv6_destination, 8, 8);
    case Next::authentication:  // RFC 4302 §2.2: length in 4 octets, without the first 8
      return options(PacketLayer::authentication, 4, 8);
    case Next::routing:
      return routing();
    case Next::fragment:
      return fragment();
    case Next::tcp:
      return tcp();
    case Next::udp:
      return udp();
    case Next::ports:
      return ports();
    case Next::icmp:
      return icmp(PacketLayer::icmp);
    case Next::icmpv6:
      return icmp(PacketLayer::icmpv6);
    case Next::gre:
      return gre();
    case Next::vxlan:
      return vxlan();
    case Next::geneve:
      return geneve();
    case Next::end:
      break;
  }
  return Next::end;
}

// Destination, source (6 each), type or, under 0x0600, a length: then LLC, where AA AA 03 and a zero OUI (SNAP, RFC
// 1042) carry a type.
Next Parser::ethernet() {
  if (!there(14)) return Next::end;
  const uint8_t* p = rest_.data();
  uint16_t type = load_be16(p + 12);
  size_t size = 14;
  static constexpr uint8_t kSnap[6] = {0xaa, 0xaa, 0x03, 0, 0, 0};
  if (type < 0x0600 && there(22) && std::memcmp(p + 14, kSnap, sizeof kSnap) == 0) {
    type = load_be16(p + 20);
    size = 22;
  }
  if (!inner_ && !out_.has_macs) {  // of a pseudowire the outer ones count
    out_.has_macs = true;
    out_.dst_mac = load_be_any(p, 6);
    out_.src_mac = load_be_any(p + 6, 6);
  }
  etype(type);
  return step(PacketLayer::ethernet, size, by_etype(type));
}

// IEEE 802.1Q: priority (3 bits), drop eligible (1), VLAN (12); type.
Next Parser::vlan() {
  if (!there(4)) return Next::end;
  uint16_t type = load_be16(rest_.data() + 2);
  if (!inner_) {
    out_.vlan = load_be16(rest_.data()) & 0x0fff;
    if (out_.vlans == 0) out_.outer_vlan = out_.vlan;
    if (out_.vlans < 255) ++out_.vlans;
  }
  etype(type);
  return step(PacketLayer::vlan, 4, by_etype(type));
}

// RFC 3032 §2.1: label (20 bits), class (3), bottom of stack (1), TTL (8).
Next Parser::mpls() {
  size_t size = 0;
  bool bottom = false;
  while (!bottom && there(size + 4)) {
    uint32_t entry = load_be32(rest_.data() + size);
    bottom = entry & 0x100;
    size += 4;
    if (inner_ || out_.labels == PacketHeaders::kMaxLabels) continue;
    out_.label[out_.labels] = entry >> 12;
    out_.label_ttl[out_.labels++] = static_cast<uint8_t>(entry);
  }
  if (size == 0) return Next::end;
  const Next next = step(PacketLayer::mpls, size, bottom ? Next::ip : Next::end);
  return next == Next::end ? next : behind_labels();
}

// Nothing in the labels tells. Four bits do: 4 and 6 are IP (RFC 4928 §3), 1 is a channel of the pseudowire itself and
// 0 its control word (RFC 4385 §3), four octets before an Ethernet frame (RFC 4448 §4.6). Where the control word is
// left out, these bits are those of a destination address, which may be anything (RFC 8469): an Ethernet frame is
// believed that shows a type of a packet which is there.
Next Parser::behind_labels() {
  static constexpr size_t kControlWord = 4;
  if (rest_.empty()) return Next::end;
  switch (rest_[0] >> 4) {
    case 0:
      if (is_frame(rest_.subspan(std::min(kControlWord, rest_.size())))) {
        rest_ = rest_.subspan(kControlWord);
        return Next::pseudowire;
      }
      break;
    case 1:
      return Next::end;
    case 4:
      if (has_checksum4(rest_) || !is_frame(rest_)) return Next::ipv4;
      break;
    case 6:
      if (!carries_checked_packet(rest_)) return Next::ipv6;
      break;
    default:
      break;
  }
  return is_frame(rest_) ? Next::pseudowire : Next::end;
}

// RFC 2516 §4: version and type, code (0: session data), session (2), length (2); a PPP packet.
Next Parser::pppoe() {
  if (!there(6)) return Next::end;
  bool data = rest_[1] == 0;
  return step(PacketLayer::pppoe, 6, data ? Next::ppp : Next::end);
}

// FF 03 (RFC 1662 §3.1) may be left out; the protocol is one octet where that is odd, else two (RFC 1661 §2).
Next Parser::ppp() {
  ByteReader in(rest_);
  if (there(2) && load_be16(rest_.data()) == 0xff03) in.skip(2);
  uint16_t protocol = in.u8();
  if ((protocol & 1) == 0) protocol = static_cast<uint16_t>(protocol << 8 | in.u8());
  if (in.failed()) return Next::end;
  rest_ = rest_.subspan(in.position());
  switch (protocol) {
    case 0x0021:
      return Next::ipv4;
    case 0x0057:
      return Next::ipv6;
    case 0x0281:
    case 0x0283:
      return Next::mpls;
    default:
      return Next::end;
  }
}

Next Parser::ip() {
  if (rest_.empty()) return Next::end;
  unsigned version = rest_[0] >> 4;
  if (version == 4) return ipv4();
  return version == 6 ? ipv6() : Next::end;
}

// RFC 791 §3.1. What follows the packet (Ethernet's padding) is not part of it.
Next Parser::ipv4() {
  if (!there(20) || rest_[0] >> 4 != 4) return Next::end;
  const uint8_t* p = rest_.data();
  size_t header = size_t{4} * (p[0] & 0x0f), total = load_be16(p + 2);
  if (header < 20 || (total != 0 && total < header)) return Next::end;
  uint16_t fragment = load_be16(p + 6);
  uint8_t protocol = p[9];
  if (!inner_) {
    out_.ip_version = 4;
    out_.src = IpAddress::v4(load_be32(p + 12));
    out_.dst = IpAddress::v4(load_be32(p + 16));
    out_.tos = p[1];
    out_.ttl = p[8];
    out_.proto = protocol;
    out_.has_fragment = true;
    out_.fragment_id = load_be16(p + 4);
    out_.fragment_offset = fragment & 0x1fff;
    out_.ip_flags = static_cast<uint8_t>(fragment >> 13);
  }
  etype(0x0800);
  if (total != 0) rest_ = rest_.first(std::min(rest_.size(), total));  // 0: left to the network card
  bool later_fragment = fragment & 0x1fff;
  return step(PacketLayer::ipv4, header, later_fragment ? Next::end : by_protocol(protocol));
}

// RFC 8200 §3.
Next Parser::ipv6() {
  if (!there(40) || rest_[0] >> 4 != 6) return Next::end;
  const uint8_t* p = rest_.data();
  uint32_t first = load_be32(p);
  size_t payload = load_be16(p + 4);
  uint8_t protocol = p[6];
  if (!inner_) {
    out_.ip_version = 6;
    out_.src = IpAddress::v6(p + 8);
    out_.dst = IpAddress::v6(p + 24);
    out_.tos = static_cast<uint8_t>(first >> 20);
    out_.ttl = p[7];
    out_.proto = protocol;
    out_.flow_label = first & 0xfffff;
  }
  etype(0x86dd);
  if (payload != 0) rest_ = rest_.first(std::min(rest_.size(), 40 + payload));  // 0: a jumbogram (RFC 2675)
  return step(PacketLayer::ipv6, 40, by_protocol(protocol));
}

// A header that begins with the next protocol and its own length in `unit` octets, the first `fixed` not counted.
Next Parser::options(PacketLayer layer, size_t unit, size_t fixed) {
  if (!there(fixed)) return Next::end;
  return step(layer, fixed + unit * rest_[1], next_protocol(rest_[0]));
}

// RFC 8200 §4.4: next, length, type, segments left, 4 octets by type; types 0, 2 and 4 (RFC 8754 §2, whose fifth octet
// is the last segment's index) go on with addresses.
Next Parser::routing() {
  if (!there(8)) return Next::end;
  const uint8_t* p = rest_.data();
  size_t size = 8 + size_t{8} * p[1];
  if (!inner_ && !out_.has_routing) {
    out_.has_routing = true;
    out_.segments_left = p[3];
    size_t addresses = (std::min(rest_.size(), size) - 8) / 16;
    uint8_t type = p[2];
    if (type == 4) addresses = std::min(addresses, size_t{p[4]} + 1);
    if (type == 0 || type == 2 || type == 4) out_.routing_addresses = rest_.subspan(8, 16 * addresses);
  }
  return step(PacketLayer::ipv6_routing, size, next_protocol(p[0]));
}

// RFC 8200 §4.5: next, reserved, offset (13 bits) and flags (3 bits), identification (4).
Next Parser::fragment() {
  if (!there(8)) return Next::end;
  const uint8_t* p = rest_.data();
  uint16_t offset = load_be16(p + 2);
  if (!inner_) {
    out_.has_fragment = true;
    out_.fragment_id = load_be32(p + 4);
    out_.fragment_offset = offset >> 3;
    out_.ip_flags = offset & 7;
  }
  bool later_fragment = offset >> 3;
  const Next next = next_protocol(p[0]);
  return step(PacketLayer::ipv6_fragment, 8, later_fragment ? Next::end : next);
}

// RFC 9293 §3.1: ports, sequence, acknowledgement (4 each), data offset (4 bits, in 4 octets), flags.
Next Parser::tcp() {
  ports();
  if (!there(14)) return Next::end;
  if (!inner_) {
    out_.has_tcp_flags = true;
    out_.tcp_flags = rest_[13];
  }
  if (!there(20)) return Next::end;
  return step(PacketLayer::tcp, std::max(size_t{20}, size_t{4} * (rest_[12] >> 4)), Next::end);
}

Next Parser::udp() {
  ports();
  if (!there(8)) return Next::end;
  uint16_t destination = load_be16(rest_.data() + 2);
  Next next = destination == 4789 ? Next::vxlan : destination == 6081 ? Next::geneve : Next::end;
  return step(PacketLayer::udp, 8, next);
}

Next Parser::icmp(PacketLayer layer) {
  if (!there(2)) return Next::end;
  if (!inner_) {
    out_.has_icmp = true;
    out_.icmp_type = rest_[0];
    out_.icmp_code = rest_[1];
  }
  return step(layer, 8, Next::end);
}

// RFC 2784 §2, RFC 2890 §2: flags and version (2), type (2); 4 octets each for checksum, key and sequence where their
// bits are set; RFC 2637 §4.1: with version 1 also for the acknowledgement.
Next Parser::gre() {
  if (!there(4)) return Next::end;
  uint16_t flags = load_be16(rest_.data()), type = load_be16(rest_.data() + 2);
  size_t size = 4;
  for (uint16_t bit : {0x8000, 0x2000, 0x1000, 0x0080})
    if (flags & bit) size += 4;
  bool known = (flags & 0x4000) == 0 && (flags & 7) <= 1;  // no routing (RFC 1701)
  return step(PacketLayer::gre, size, known ? by_etype(type) : Next::end);
}

// RFC 7348 §5: flags, of which 0x08 says that the network identifier holds; an Ethernet frame.
Next Parser::vxlan() {
  if (!there(8) || (rest_[0] & 0x08) == 0) return Next::end;
  return step(PacketLayer::vxlan, 8, Next::ethernet);
}

// RFC 8926 §3.4: version (2 bits), length of the options in 4 octets (6 bits), flags, type (2), identifier (4).
Next Parser::geneve() {
  if (!there(8) || rest_[0] >> 6 != 0) return Next::end;
  return step(PacketLayer::geneve, 8 + size_t{4} * (rest_[0] & 0x3f), by_etype(load_be16(rest_.data() + 2)));
}

}  // namespace

void parse_packet_headers(HeaderStart start, Bytes section, PacketHeaders& out) {
  out = PacketHeaders();
  Parser parser(section, out);
  switch (start) {
    case HeaderStart::ethernet:
      return parser.parse(Next::ethernet);
    case HeaderStart::ip:
      return parser.parse(Next::ip);
    case HeaderStart::mpls:
      return parser.parse(Next::mpls);
    case HeaderStart::ppp:
      return parser.parse(Next::ppp);
  }
}

}  // namespace weir
