// SPDX-License-Identifier: Apache-2.0
#include "gen/samples.h"

#include <algorithm>

namespace weir {

SampledPacket sampled_packet(const Flow& flow, bool v6) {
  constexpr uint8_t kTcp = 6;
  constexpr uint64_t kPrivateMac = 0x0200'0000'0000;  // locally administered
  SampledPacket packet;
  packet.src = v6 ? flow.src->v6 : IpAddress::v4(flow.src->v4);
  packet.dst = v6 ? flow.dst->v6 : IpAddress::v4(flow.dst->v4);
  packet.src_mac = kPrivateMac | flow.src->v4;
  packet.dst_mac = kPrivateMac | flow.dst->v4;
  packet.next_hop = IpAddress::v4(0xc000'0200 | flow.dst->interface);
  if (v6) {
    uint8_t next_hop[16] = {0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff};
    next_hop[15] = static_cast<uint8_t>(flow.dst->interface);
    packet.next_hop = IpAddress::v6(next_hop);
  }
  packet.src_mask = v6 ? flow.src->v6_mask : flow.src->v4_mask;
  packet.dst_mask = v6 ? flow.dst->v6_mask : flow.dst->v4_mask;
  packet.proto = flow.proto;
  packet.tos = flow.tos;
  packet.src_port = flow.src_port;
  packet.dst_port = flow.dst_port;
  packet.icmp = flow.icmp_type;
  packet.tcp_flags = flow.tcp_flags;
  packet.src_vlan = static_cast<uint16_t>(100 + flow.src->interface);
  packet.dst_vlan = static_cast<uint16_t>(100 + flow.dst->interface);
  uint32_t headers = (v6 ? 40 : 20) + (flow.proto == kTcp ? 20 : 8);
  packet.length = std::max(headers, flow.bytes / flow.packets);
  return packet;
}

}  // namespace weir
