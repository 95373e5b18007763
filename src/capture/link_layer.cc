// SPDX-License-Identifier: Apache-2.0
#include "capture/link_layer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace weir {

namespace {

// LINKTYPE_ numbers.
enum : uint32_t {
  kNull = 0,
  kEthernet = 1,
  kPpp = 9,
  kRawBsd = 12,
  kRawOpenBsd = 14,
  kPppHdlc = 50,
  kPppEther = 51,
  kRaw = 101,
  kCiscoHdlc = 104,
  kLoop = 108,
  kLinuxSll = 113,
  kIpv4 = 228,
  kIpv6 = 229,
  kLinuxSll2 = 276,
};

enum : uint16_t {
  kTypeIpv4 = 0x0800,
  kTypeVlan = 0x8100,
  kTypeIpv6 = 0x86dd,
  kTypeMpls = 0x8847,
  kTypeMplsUpstream = 0x8848,
  kTypePppoeSession = 0x8864,
  kTypeQinq = 0x88a8,
  kTypeQinqOld = 0x9100,
  kTypeQinqOlder = 0x9200,
};

enum : uint8_t {  // IPv4 protocol and IPv6 next header numbers
  kHopByHop = 0,
  kUdp = 17,
  kRouting = 43,
  kFragmentHeader = 44,
  kAuthentication = 51,
  kDestinationOptions = 60,
  kMobility = 135,
  kHip = 139,
  kShim6 = 140,
};

// The result of removing a link layer: the bytes of an IP packet; or none, and why.
struct Stripped {
  std::optional<Bytes> packet;
  FrameOutcome reason = FrameOutcome::not_ip;
};

Stripped ip(Bytes rest) { return {rest}; }
Stripped no(FrameOutcome reason) { return {std::nullopt, reason}; }

// The header is incomplete: whether or not the snaplen cut it, there is nothing to read.
Stripped ends_early() { return no(FrameOutcome::truncated); }

Stripped after_ethertype(uint16_t type, ByteReader& in);

Bytes rest_of(ByteReader& in) { return in.take(in.remaining()); }

// RFC 3032 §2.1: four bytes per label, the lowest bit of the third one marks the last label. The first nibble of the
// bytes after it shows whether they are IP (RFC 4928 §3).
Stripped after_mpls(ByteReader& in) {
  uint32_t label;
  do {
    label = in.u32();
    if (in.failed()) return ends_early();
  } while ((label & 0x100) == 0);
  Bytes rest = rest_of(in);
  if (rest.empty()) return ends_early();
  unsigned nibble = rest[0] >> 4;
  return nibble == 4 || nibble == 6 ? ip(rest) : no(FrameOutcome::not_ip);
}

// RFC 1661 §2: the protocol field is one byte if that byte is odd (compressed), else two.
Stripped after_ppp(ByteReader& in) {
  uint16_t protocol = in.u8();
  if ((protocol & 1) == 0) protocol = static_cast<uint16_t>(protocol << 8 | in.u8());
  if (in.failed()) return ends_early();
  if (protocol == 0x0021 || protocol == 0x0057) return ip(rest_of(in));
  if (protocol == 0x0281 || protocol == 0x0283) return after_mpls(in);
  return no(FrameOutcome::not_ip);
}

// RFC 1662 §3.1: FF 03 (address, control) may be omitted.
Stripped ppp_frame(Bytes frame) {
  ByteReader in(frame);
  if (frame.size() >= 2 && frame[0] == 0xff && frame[1] == 0x03) in.skip(2);
  return after_ppp(in);
}

// RFC 2516 §4: version and type, code (0: session data), session, length.
Stripped after_pppoe(ByteReader& in) {
  in.u8();
  uint8_t code = in.u8();
  in.skip(4);
  if (in.failed()) return ends_early();
  return code == 0 ? after_ppp(in) : no(FrameOutcome::not_ip);
}

Stripped after_ethertype(uint16_t type, ByteReader& in) {
  while (type == kTypeVlan || type == kTypeQinq || type == kTypeQinqOld || type == kTypeQinqOlder) {
    in.u16();  // priority and VLAN
    type = in.u16();
  }
  if (in.failed()) return ends_early();
  switch (type) {
    case kTypeIpv4:
    case kTypeIpv6:
      return ip(rest_of(in));
    case kTypeMpls:
    case kTypeMplsUpstream:
      return after_mpls(in);
    case kTypePppoeSession:
      return after_pppoe(in);
    default:
      return no(FrameOutcome::not_ip);
  }
}

Stripped ethernet_frame(Bytes frame) {
  ByteReader in(frame);
  in.skip(12);
  uint16_t type = in.u16();
  if (in.failed()) return ends_early();
  if (type >= 0x0600) return after_ethertype(type, in);
  // IEEE 802.3: a length; then LLC; SNAP with a zero OUI is followed by an Ethernet type (RFC 1042).
  Bytes llc = in.take(6);
  if (in.failed()) return ends_early();
  static constexpr uint8_t kSnap[6] = {0xaa, 0xaa, 0x03, 0, 0, 0};
  if (std::memcmp(llc.data(), kSnap, sizeof kSnap) != 0) return no(FrameOutcome::not_ip);
  return after_ethertype(in.u16(), in);
}

// LINKTYPE_NULL has the address family in the byte order of the capturing machine, LINKTYPE_LOOP in network order.
// Families are small numbers, so the byte order is evident; AF_INET6 differs between systems.
Stripped null_frame(Bytes frame) {
  ByteReader in(frame);
  uint32_t family = in.u32();
  if (in.failed()) return ends_early();
  if (family > 0xffff) family = __builtin_bswap32(family);
  bool is_ip = family == 2 || family == 10 || family == 24 || family == 28 || family == 30;
  return is_ip ? ip(rest_of(in)) : no(FrameOutcome::not_ip);
}

// Reads the Ethernet type at `type_at` of a header of `size` bytes.
Stripped typed_header(Bytes frame, size_t size, size_t type_at) {
  if (frame.size() < size) return ends_early();
  ByteReader in(frame.subspan(size));
  return after_ethertype(load_be16(frame.data() + type_at), in);
}

Stripped pppoe_frame(Bytes frame) {
  ByteReader in(frame);
  return after_pppoe(in);
}

Stripped strip(uint32_t link_type, Bytes frame) {
  switch (link_type) {
    case kEthernet:
      return ethernet_frame(frame);
    case kLinuxSll:
      return typed_header(frame, 16, 14);
    case kLinuxSll2:
      return typed_header(frame, 20, 0);
    case kCiscoHdlc:
      return typed_header(frame, 4, 2);
    case kNull:
    case kLoop:
      return null_frame(frame);
    case kPpp:
    case kPppHdlc:
      return ppp_frame(frame);
    case kPppEther:
      return pppoe_frame(frame);
    case kRawBsd:
    case kRawOpenBsd:
    case kRaw:
    case kIpv4:
    case kIpv6:
      return ip(frame);
    default:
      return no(FrameOutcome::unknown_link_type);
  }
}

// Bytes are missing: because of the snaplen, or because the sender's lengths are inconsistent.
FrameOutcome missing(const Packet& packet) {
  return packet.cut_short && packet.incomplete ? FrameOutcome::truncated : FrameOutcome::malformed;
}

bool is_extension_header(uint8_t next_header) {
  switch (next_header) {
    case kHopByHop:
    case kRouting:
    case kAuthentication:
    case kDestinationOptions:
    case kMobility:
    case kHip:
    case kShim6:
      return true;
    default:
      return false;
  }
}

// Skips the extension headers (RFC 8200 §4, RFC 6564); false if the bytes end within one. Their length field counts
// 8-byte units without the first 8 bytes; that of an authentication header (RFC 4302 §2.2) 4-byte units without the
// first 8 bytes.
bool skip_extension_headers(uint8_t& next_header, Bytes& b) {
  while (is_extension_header(next_header)) {
    if (b.size() < 8) return false;
    size_t size = next_header == kAuthentication ? (b[1] + size_t{2}) * 4 : (b[1] + size_t{1}) * 8;
    if (b.size() < size) return false;
    next_header = b[0];
    b = b.subspan(size);
  }
  return true;
}

// RFC 768. A length of zero (RFC 2675 jumbograms) is refused: an export datagram is never that large.
FrameOutcome decode_udp(Packet payload, UdpPayload& out) {
  if (payload.bytes.size() < 8) return missing(payload);
  const uint8_t* p = payload.bytes.data();
  size_t length = load_be16(p + 4);
  if (length < 8) return FrameOutcome::malformed;
  if (length > payload.bytes.size()) return missing(payload);
  out.source_port = load_be16(p);
  out.destination_port = load_be16(p + 2);
  out.bytes = payload.bytes.subspan(8, length - 8);
  return FrameOutcome::datagram;
}

}  // namespace

uint64_t Reassembly::incomplete() const {
  return given_up_ + static_cast<uint64_t>(std::ranges::count_if(entries_, &Entry::used));
}

// The entry of the fragment's datagram; a new datagram gets a free entry, else that of the oldest one.
Reassembly::Entry& Reassembly::entry_for(const Fragment& f) {
  Entry* best = nullptr;
  for (Entry& e : entries_) {
    if (e.used && std::llabs(f.time_ns - e.first_ns) > kTimeoutNs) {
      e.used = false;
      ++given_up_;
    }
    if (e.used && e.identification == f.identification && e.next_header == f.next_header && e.source == f.source &&
        e.destination == f.destination)
      return e;
    bool better = !best || (best->used && (!e.used || e.order < best->order));
    if (better) best = &e;
  }
  if (best->used) ++given_up_;
  best->used = true;
  best->source = f.source;
  best->destination = f.destination;
  best->identification = f.identification;
  best->next_header = f.next_header;
  best->first_ns = f.time_ns;
  best->order = started_++;
  best->total = best->blocks = best->end = 0;
  best->bytes.resize((kMaxBytes + 7) / 8 * 8);
  best->filled.assign((kMaxBytes / 8 + 64) / 64, 0);
  return *best;
}

// Copies the blocks that are not there yet; false if blocks that are already there differ.
bool Reassembly::place(Entry& e, const Fragment& f) {
  for (size_t at = 0; at < f.bytes.size(); at += 8) {
    size_t block = (f.offset + at) / 8;
    size_t size = std::min<size_t>(8, f.bytes.size() - at);
    uint8_t* target = e.bytes.data() + block * 8;
    uint64_t bit = uint64_t{1} << (block % 64);
    if (e.filled[block / 64] & bit) {
      if (std::memcmp(target, f.bytes.data() + at, size) != 0) return false;
      continue;
    }
    std::memcpy(target, f.bytes.data() + at, size);
    e.filled[block / 64] |= bit;
    ++e.blocks;
  }
  return true;
}

Reassembly::Result Reassembly::add(const Fragment& f, Bytes* whole) {
  bool impossible = f.bytes.empty() || f.offset % 8 != 0 || f.offset + f.bytes.size() > kMaxBytes ||
                    (f.more && f.bytes.size() % 8 != 0);
  if (impossible) return Result::malformed;
  Entry& e = entry_for(f);
  size_t end = f.offset + f.bytes.size();
  bool contradicts = (e.total && (end > e.total || (!f.more && end != e.total))) || (!f.more && end < e.end);
  if (contradicts || !place(e, f)) {
    e.used = false;
    ++given_up_;
    return Result::malformed;
  }
  e.end = std::max(e.end, end);
  if (!f.more) e.total = end;
  if (e.total == 0 || e.blocks < (e.total + 7) / 8) return Result::waiting;
  e.used = false;  // its bytes remain until the entry is reused
  *whole = {e.bytes.data(), e.total};
  return Result::complete;
}

FrameOutcome LinkLayer::decode(uint32_t link_type, Bytes frame, uint32_t length_on_wire, int64_t time_ns,
                               UdpPayload& out) {
  bool cut_short = frame.size() < length_on_wire;
  Stripped stripped = strip(link_type, frame);
  if (stripped.packet) return decode_ip({*stripped.packet, cut_short, cut_short}, time_ns, out);
  if (stripped.reason == FrameOutcome::truncated && !cut_short) return FrameOutcome::malformed;
  return stripped.reason;
}

FrameOutcome LinkLayer::decode_ip(Packet packet, int64_t time_ns, UdpPayload& out) {
  if (packet.bytes.empty()) return missing(packet);
  switch (packet.bytes[0] >> 4) {
    case 4:
      return decode_ipv4(packet, time_ns, out);
    case 6:
      return decode_ipv6(packet, time_ns, out);
    default:
      return FrameOutcome::not_ip;
  }
}

// RFC 791 §3.1. A total length of zero is seen when the sending machine itself captures a packet that its network card
// will segment (segmentation offload): everything captured is used.
FrameOutcome LinkLayer::decode_ipv4(Packet packet, int64_t time_ns, UdpPayload& out) {
  Bytes b = packet.bytes;
  if (b.size() < 20) return missing(packet);
  size_t header = (b[0] & 0x0fu) * 4;
  size_t total = load_be16(&b[2]);
  if (total == 0) total = b.size();
  if (header < 20 || total < header) return FrameOutcome::malformed;
  if (b[9] != kUdp) return FrameOutcome::not_udp;
  if (b.size() < header) return missing(packet);
  out.source = IpAddress::v4(load_be32(&b[12]));
  out.destination = IpAddress::v4(load_be32(&b[16]));
  Packet payload{b.subspan(header, std::min(total, b.size()) - header), packet.cut_short, b.size() < total};
  uint16_t flags = load_be16(&b[6]);
  bool more = (flags & 0x2000) != 0;
  size_t offset = (flags & 0x1fffu) * 8;
  if (!more && offset == 0) return decode_udp(payload, out);
  if (payload.incomplete) return missing(payload);
  return reassemble(
      {out.source, out.destination, load_be16(&b[4]), uint8_t{kUdp}, offset, more, payload.bytes, time_ns}, out);
}

// RFC 8200 §3. A payload length of zero means a jumbogram or segmentation offload: everything captured is used.
FrameOutcome LinkLayer::decode_ipv6(Packet packet, int64_t time_ns, UdpPayload& out) {
  Bytes b = packet.bytes;
  if (b.size() < 40) return missing(packet);
  size_t length = load_be16(&b[4]);
  if (length == 0) length = b.size() - 40;
  out.source = IpAddress::v6(&b[8]);
  out.destination = IpAddress::v6(&b[24]);
  Packet payload{b.subspan(40, std::min(length, b.size() - 40)), packet.cut_short, b.size() - 40 < length};
  uint8_t next_header = b[6];
  if (!skip_extension_headers(next_header, payload.bytes)) return missing(payload);
  if (next_header == kFragmentHeader) return decode_ipv6_fragment(payload, time_ns, out);
  return next_header == kUdp ? decode_udp(payload, out) : FrameOutcome::not_udp;
}

// RFC 8200 §4.5: next header, reserved, offset (13 bits, in 8 bytes) and more, identification.
FrameOutcome LinkLayer::decode_ipv6_fragment(Packet payload, int64_t time_ns, UdpPayload& out) {
  Bytes b = payload.bytes;
  if (b.size() < 8) return missing(payload);
  if (b[0] != kUdp && !is_extension_header(b[0])) return FrameOutcome::not_udp;
  if (payload.incomplete) return missing(payload);
  uint16_t flags = load_be16(&b[2]);
  return reassemble(
      {out.source, out.destination, load_be32(&b[4]), b[0], flags & 0xfff8u, (flags & 1) != 0, b.subspan(8), time_ns},
      out);
}

FrameOutcome LinkLayer::reassemble(const Reassembly::Fragment& fragment, UdpPayload& out) {
  Bytes whole = fragment.bytes;
  bool atomic = fragment.offset == 0 && !fragment.more;  // complete in one fragment: never mixed with others (RFC 6946)
  switch (atomic ? Reassembly::Result::complete : reassembly_.add(fragment, &whole)) {
    case Reassembly::Result::waiting:
      return FrameOutcome::fragment;
    case Reassembly::Result::malformed:
      return FrameOutcome::malformed;
    case Reassembly::Result::complete:
      break;
  }
  uint8_t next_header = fragment.next_header;
  if (!skip_extension_headers(next_header, whole)) return FrameOutcome::malformed;
  if (next_header == kFragmentHeader) return FrameOutcome::malformed;  // a fragment of a fragment
  return next_header == kUdp ? decode_udp({whole}, out) : FrameOutcome::not_udp;
}

}  // namespace weir
