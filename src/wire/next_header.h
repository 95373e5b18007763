// SPDX-License-Identifier: Apache-2.0
// The headers of a packet that follow one another, and which number in one header names which next header: EtherTypes
// and IP protocol numbers. Used by packet_headers.cc alone.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir {

// What the next header is.
enum class Next : uint8_t {
  end,
  ethernet,
  pseudowire,
  vlan,
  mpls,
  pppoe,
  ppp,
  ip,
  ipv4,
  ipv6,
  hop_by_hop,
  destination,
  routing,
  fragment,
  authentication,
  tcp,
  udp,
  ports,
  icmp,
  icmpv6,
  gre,
  vxlan,
  geneve
};

// Headers in the order in which they follow one another; one that steps back begins an inner packet.
enum class Level : uint8_t { link, tag, network, extension, transport };

constexpr Level level_of(Next next) {
  switch (next) {
    case Next::ethernet:
      return Level::link;
    case Next::pseudowire:  // what it carries is the packet, as what a VLAN carries is
    case Next::vlan:
    case Next::mpls:
    case Next::pppoe:
    case Next::ppp:
      return Level::tag;
    case Next::ip:
    case Next::ipv4:
    case Next::ipv6:
      return Level::network;
    case Next::hop_by_hop:
    case Next::destination:
    case Next::routing:
    case Next::fragment:
    case Next::authentication:
      return Level::extension;
    default:
      return Level::transport;
  }
}

constexpr bool begins_inner(Level before, Level next) {
  if (next == before) return next == Level::link || next == Level::network;
  return next < before;
}

constexpr Next by_etype(uint16_t etype) {
  switch (etype) {
    case 0x0800:
      return Next::ipv4;
    case 0x86dd:
      return Next::ipv6;
    case 0x8100:
    case 0x88a8:  // IEEE 802.1ad
    case 0x9100:
    case 0x9200:
      return Next::vlan;
    case 0x8847:
    case 0x8848:
      return Next::mpls;
    case 0x8864:
      return Next::pppoe;
    case 0x880b:  // RFC 2637 §4.1
      return Next::ppp;
    case 0x6558:  // an Ethernet frame in GRE or Geneve
      return Next::ethernet;
    default:
      return Next::end;
  }
}

constexpr Next by_protocol(uint8_t protocol) {
  switch (protocol) {
    case 0:
      return Next::hop_by_hop;
    case 1:
      return Next::icmp;
    case 4:
      return Next::ipv4;
    case 6:
      return Next::tcp;
    case 17:
      return Next::udp;
    case 33:   // DCCP
    case 132:  // SCTP
    case 136:  // UDP-Lite
      return Next::ports;
    case 41:
      return Next::ipv6;
    case 43:
      return Next::routing;
    case 44:
      return Next::fragment;
    case 47:
      return Next::gre;
    case 51:
      return Next::authentication;
    case 58:
      return Next::icmpv6;
    case 60:
      return Next::destination;
    case 137:  // RFC 4023
      return Next::mpls;
    default:
      return Next::end;
  }
}

}  // namespace weir
