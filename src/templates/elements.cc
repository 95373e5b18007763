// SPDX-License-Identifier: Apache-2.0
#include "templates/elements.h"

#include <algorithm>

namespace weir {
namespace {

using enum Convert;
using F = Field;

// Sorted by (pen, id): elements_for() searches it.
constexpr Element kElements[] = {
    {0, 1, F::bytes, number, 0},                     // octetDeltaCount
    {0, 2, F::packets, number, 0},                   // packetDeltaCount
    {0, 4, F::proto, number, 0},                     // protocolIdentifier
    {0, 5, F::ip_tos, number, 0},                    // ipClassOfService
    {0, 6, F::tcp_flags, number, 0},                 // tcpControlBits
    {0, 7, F::src_port, number, 0},                  // sourceTransportPort
    {0, 8, F::src_addr, address4, 0},                // sourceIPv4Address
    {0, 9, F::src_net, number, 0},                   // sourceIPv4PrefixLength
    {0, 10, F::in_if, number, 0},                    // ingressInterface
    {0, 11, F::dst_port, number, 0},                 // destinationTransportPort
    {0, 12, F::dst_addr, address4, 0},               // destinationIPv4Address
    {0, 13, F::dst_net, number, 0},                  // destinationIPv4PrefixLength
    {0, 14, F::out_if, number, 0},                   // egressInterface
    {0, 15, F::next_hop, address4, 0},               // ipNextHopIPv4Address
    {0, 16, F::src_as, number, 0},                   // bgpSourceAsNumber
    {0, 17, F::dst_as, number, 0},                   // bgpDestinationAsNumber
    {0, 18, F::bgp_next_hop, address4, 0},           // bgpNextHopIPv4Address
    {0, 21, F::time_flow_end_ns, time_uptime, 5},    // flowEndSysUpTime
    {0, 22, F::time_flow_start_ns, time_uptime, 5},  // flowStartSysUpTime
    {0, 23, F::bytes, number, 1},                    // postOctetDeltaCount
    {0, 24, F::packets, number, 1},                  // postPacketDeltaCount
    {0, 27, F::src_addr, address6, 0},               // sourceIPv6Address
    {0, 28, F::dst_addr, address6, 0},               // destinationIPv6Address
    {0, 29, F::src_net, number, 0},                  // sourceIPv6PrefixLength
    {0, 30, F::dst_net, number, 0},                  // destinationIPv6PrefixLength
    {0, 31, F::ipv6_flow_label, number, 0},          // flowLabelIPv6
    {0, 32, F::icmp_type, icmp, 1},                  // icmpTypeCodeIPv4
    {0, 34, F::sampling_rate, number, 0},            // samplingInterval
    {0, 47, F::mpls_ip, mpls_address4, 0},           // mplsTopLabelIPv4Address
    {0, 48, F::sampler_id, number, 0},               // samplerId
    {0, 50, F::sampling_rate, number, 1},            // samplerRandomInterval
    {0, 52, F::ip_ttl, number, 0},                   // minimumTTL
    {0, 54, F::fragment_id, number, 0},              // fragmentIdentification
    {0, 56, F::src_mac, number, 0},                  // sourceMacAddress
    {0, 57, F::dst_mac, number, 0},                  // postDestinationMacAddress
    {0, 58, F::src_vlan, number, 0},                 // vlanId
    {0, 58, F::vlan_id, number, 0},
    {0, 59, F::dst_vlan, number, 0},        // postVlanId
    {0, 60, F::etype, ip_version, 0},       // ipVersion
    {0, 61, F::direction, number, 0},       // flowDirection
    {0, 62, F::next_hop, address6, 0},      // ipNextHopIPv6Address
    {0, 63, F::bgp_next_hop, address6, 0},  // bgpNextHopIPv6Address
    {0, 70, F::mpls_label, mpls_label, 0},  // mplsTopLabelStackSection
    {0, 71, F::mpls_label, mpls_label, 0},
    {0, 72, F::mpls_label, mpls_label, 0},
    {0, 73, F::mpls_label, mpls_label, 0},
    {0, 74, F::mpls_label, mpls_label, 0},
    {0, 75, F::mpls_label, mpls_label, 0},
    {0, 76, F::mpls_label, mpls_label, 0},
    {0, 77, F::mpls_label, mpls_label, 0},
    {0, 78, F::mpls_label, mpls_label, 0},
    {0, 79, F::mpls_label, mpls_label, 0},
    {0, 80, F::dst_mac, number, 0},                // destinationMacAddress
    {0, 81, F::src_mac, number, 0},                // postSourceMacAddress
    {0, 85, F::bytes, number, 2},                  // octetTotalCount
    {0, 86, F::packets, number, 2},                // packetTotalCount
    {0, 88, F::fragment_offset, number, 0},        // fragmentOffset
    {0, 89, F::forwarding_status, number, 0},      // forwardingStatus
    {0, 95, F::application_id, number, 0},         // applicationId
    {0, 96, F::application_name, text, 0},         // applicationName
    {0, 128, F::next_hop_as, number, 0},           // bgpNextAdjacentAsNumber
    {0, 136, F::flow_end_reason, number, 0},       // flowEndReason
    {0, 138, F::observation_point_id, number, 0},  // observationPointId
    {0, 139, F::icmp_type, icmp, 1},               // icmpTypeCodeIPv6
    {0, 140, F::mpls_ip, mpls_address6, 0},        // mplsTopLabelIPv6Address
    {0, 148, F::flow_id, number, 0},               // flowId
    {0, 150, F::time_flow_start_ns, time_s, 3},    // flowStartSeconds
    {0, 151, F::time_flow_end_ns, time_s, 3},
    {0, 152, F::time_flow_start_ns, time_ms, 2},  // flowStartMilliseconds
    {0, 153, F::time_flow_end_ns, time_ms, 2},
    {0, 154, F::time_flow_start_ns, time_ntp, 1},  // flowStartMicroseconds
    {0, 155, F::time_flow_end_ns, time_ntp, 1},
    {0, 156, F::time_flow_start_ns, time_ntp, 0},  // flowStartNanoseconds
    {0, 157, F::time_flow_end_ns, time_ntp, 0},
    {0, 158, F::time_flow_start_ns, time_delta_us, 4},  // flowStartDeltaMicroseconds
    {0, 159, F::time_flow_end_ns, time_delta_us, 4},
    {0, 161, F::time_flow_end_ns, duration_ms, 9},  // flowDurationMilliseconds
    {0, 162, F::time_flow_end_ns, duration_us, 9},  // flowDurationMicroseconds
    {0, 176, F::icmp_type, number, 0},              // icmpTypeIPv4
    {0, 177, F::icmp_code, number, 0},              // icmpCodeIPv4
    {0, 178, F::icmp_type, number, 0},              // icmpTypeIPv6
    {0, 179, F::icmp_code, number, 0},              // icmpCodeIPv6
    {0, 180, F::src_port, number, 1},               // udpSourcePort
    {0, 181, F::dst_port, number, 1},               // udpDestinationPort
    {0, 182, F::src_port, number, 1},               // tcpSourcePort
    {0, 183, F::dst_port, number, 1},               // tcpDestinationPort
    {0, 192, F::ip_ttl, number, 1},                 // ipTTL
    {0, 197, F::ip_flags, fragment_flags, 0},       // fragmentFlags
    {0, 225, F::post_nat_src_addr, address4, 0},    // postNATSourceIPv4Address
    {0, 226, F::post_nat_dst_addr, address4, 0},
    {0, 227, F::post_nat_src_port, number, 0},  // postNAPTSourceTransportPort
    {0, 228, F::post_nat_dst_port, number, 0},
    {0, 230, F::nat_event, number, 0},            // natEvent
    {0, 231, F::bytes, number, 3},                // initiatorOctets
    {0, 232, F::reverse_bytes, number, 1},        // responderOctets
    {0, 233, F::firewall_event, number, 0},       // firewallEvent
    {0, 234, F::ingress_vrf_id, number, 0},       // ingressVRFID
    {0, 235, F::egress_vrf_id, number, 0},        // egressVRFID
    {0, 256, F::etype, number, 2},                // ethernetType
    {0, 281, F::post_nat_src_addr, address6, 0},  // postNATSourceIPv6Address
    {0, 282, F::post_nat_dst_addr, address6, 0},
    {0, 298, F::packets, number, 3},          // initiatorPackets
    {0, 299, F::reverse_packets, number, 1},  // responderPackets
    {0, 302, F::sampler_id, number, 1},       // selectorId
    {0, 312, F::bytes, number, 4},            // dataLinkFrameSize
    {0, 312, F::packets, one, 4},
    {kReversePen, 1, F::reverse_bytes, number, 0},
    {kReversePen, 2, F::reverse_packets, number, 0},
    {kReversePen, 85, F::reverse_bytes, number, 2},
    {kReversePen, 86, F::reverse_packets, number, 2},
};

struct KeyLess {
  static uint64_t key(const Element& e) { return uint64_t{e.pen} << 16 | e.id; }
  bool operator()(const Element& e, uint64_t k) const { return key(e) < k; }
  bool operator()(uint64_t k, const Element& e) const { return k < key(e); }
};

constexpr bool sorted() {
  for (size_t i = 1; i < std::size(kElements); ++i) {
    const Element &a = kElements[i - 1], &b = kElements[i];
    if (a.pen > b.pen || (a.pen == b.pen && a.id > b.id)) return false;
  }
  return true;
}
static_assert(sorted());

}  // namespace

std::span<const Element> elements_for(uint32_t pen, uint16_t id) {
  auto [first, last] =
      std::equal_range(std::begin(kElements), std::end(kElements), uint64_t{pen} << 16 | id, KeyLess{});
  return {first, last};
}

}  // namespace weir
