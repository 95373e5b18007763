// SPDX-License-Identifier: Apache-2.0
// The headers of one sampled packet: as sFlow (sampled_header) and IPFIX (RFC 7133 dataLinkFrameSection, RFC 5477
// ipHeaderPacketSection) carry them.
//
//   in       the first bytes of a frame or packet, cut anywhere; any bytes
//   out      what is whole, in a plain struct
//   threads  any; allocates nothing
//   memory   the struct; every count has its cap below
//
// Fields are those of the first network header and of what carries it, as GoFlow2 2.2.6 fills them: of stacked VLAN
// tags the inner one is `vlan`; what a tunnel carries (IP in IP, GRE, VXLAN, Geneve) is only listed in the layers.
// Otherwise than GoFlow2: `proto` of IPv6 is what the last extension header names (IANA, IE 4), a frame in an MPLS
// pseudowire (RFC 4448) carries the packet, ICMP's type and code are read, IPv4 options and GRE's optional words are
// stepped over, later fragments have no ports, TCP's size is its data offset, a VLAN is 12 bits, reserved MPLS labels
// do not end the stack, labels in GRE are not the packet's own, and no layer is listed of which the fixed part is not
// there.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/ip_address.h"

namespace weir {

// What the section starts with. `ip` is of either version, by its first four bits.
enum class HeaderStart : uint8_t { ethernet, ip, mpls, ppp };

// Numbered as in GoFlow2's schema; Weir's own from 1000. format/spelling.h has the names.
enum class PacketLayer : uint16_t {
  ethernet = 0,
  ipv4 = 1,
  ipv6 = 2,
  tcp = 3,
  udp = 4,
  mpls = 5,
  vlan = 6,
  icmp = 7,
  icmpv6 = 8,
  gre = 9,
  ipv6_routing = 10,
  ipv6_fragment = 11,
  geneve = 12,
  ipv6_hop_by_hop = 1000,
  ipv6_destination = 1001,
  authentication = 1002,
  vxlan = 1003,
  pppoe = 1004
};

struct PacketHeaders {
  static constexpr size_t kMaxLayers = 24;  // then reading stops
  static constexpr size_t kMaxLabels = 16;  // further ones are stepped over

  // Present where the flag or count beside them says so.
  uint64_t src_mac = 0, dst_mac = 0;
  uint16_t etype = 0;       // of the network header where there is one, else the last one told
  uint16_t outer_vlan = 0;  // with vlans == 1 the same as `vlan`
  uint16_t vlan = 0;
  IpAddress src, dst;
  uint32_t flow_label = 0;
  uint32_t fragment_id = 0;
  uint16_t fragment_offset = 0;  // in 8 octets
  uint8_t ip_flags = 0;          // IPv4: the three bits; IPv6: the low three bits of the offset field
  uint8_t proto = 0, tos = 0, ttl = 0;
  uint16_t src_port = 0, dst_port = 0;
  uint8_t tcp_flags = 0;
  uint8_t icmp_type = 0, icmp_code = 0;
  uint8_t segments_left = 0;
  Bytes routing_addresses;  // whole ones, 16 octets each; a view into the section

  bool has_macs = false, has_etype = false, has_fragment = false, has_ports = false, has_tcp_flags = false,
       has_icmp = false, has_routing = false;
  uint8_t ip_version = 0;  // 4, 6; 0: no network header
  uint8_t vlans = 0;       // tags before the network header, at most 255
  uint8_t labels = 0;
  uint8_t layers = 0;

  uint32_t label[kMaxLabels];  // top of the stack first
  uint8_t label_ttl[kMaxLabels];
  PacketLayer layer[kMaxLayers];
  uint32_t layer_size[kMaxLayers];  // octets that the header says it has, though the section may end within
};

void parse_packet_headers(HeaderStart start, Bytes section, PacketHeaders& out);

}  // namespace weir
