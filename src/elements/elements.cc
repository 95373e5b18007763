// SPDX-License-Identifier: Apache-2.0
#include "elements/elements.h"

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
    {0, 9, F::src_net, number, 0, 4},                // sourceIPv4PrefixLength
    {0, 10, F::in_if, number, 0},                    // ingressInterface
    {0, 11, F::dst_port, number, 0},                 // destinationTransportPort
    {0, 12, F::dst_addr, address4, 0},               // destinationIPv4Address
    {0, 13, F::dst_net, number, 0, 4},               // destinationIPv4PrefixLength
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
    {0, 29, F::src_net, number, 0, 6},               // sourceIPv6PrefixLength
    {0, 30, F::dst_net, number, 0, 6},               // destinationIPv6PrefixLength
    {0, 31, F::ipv6_flow_label, number, 0},          // flowLabelIPv6
    {0, 32, F::icmp_type, icmp, 1, 4},               // icmpTypeCodeIPv4
    {0, 34, F::sampling_rate, number, 0},            // samplingInterval
    {0, 44, F::src_addr, address4, 1},               // sourceIPv4Prefix
    {0, 45, F::dst_addr, address4, 1},               // destinationIPv4Prefix
    {0, 47, F::mpls_ip, list_address4, 0},           // mplsTopLabelIPv4Address
    {0, 48, F::sampler_id, number, 0},               // samplerId
    {0, 50, F::sampling_rate, number, 1},            // samplerRandomInterval
    {0, 52, F::ip_ttl, number, 0},                   // minimumTTL
    {0, 53, F::ip_ttl, number, 2},                   // maximumTTL
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
    {0, 70, F::mpls_label, list_label, 0},  // mplsTopLabelStackSection
    {0, 71, F::mpls_label, list_label, 0},
    {0, 72, F::mpls_label, list_label, 0},
    {0, 73, F::mpls_label, list_label, 0},
    {0, 74, F::mpls_label, list_label, 0},
    {0, 75, F::mpls_label, list_label, 0},
    {0, 76, F::mpls_label, list_label, 0},
    {0, 77, F::mpls_label, list_label, 0},
    {0, 78, F::mpls_label, list_label, 0},
    {0, 79, F::mpls_label, list_label, 0},
    {0, 80, F::dst_mac, number, 0},            // destinationMacAddress
    {0, 81, F::src_mac, number, 0},            // postSourceMacAddress
    {0, 82, F::in_if_name, text, 0},           // interfaceName
    {0, 83, F::in_if_name, text, 1},           // interfaceDescription
    {0, 85, F::bytes, number, 2},              // octetTotalCount
    {0, 86, F::packets, number, 2},            // packetTotalCount
    {0, 88, F::fragment_offset, number, 0},    // fragmentOffset
    {0, 89, F::forwarding_status, number, 0},  // forwardingStatus
    {0, 95, F::application, application, 0},   // applicationId
    {0, 95, F::application_id, number, 0},
    {0, 96, F::application_name, text, 0},         // applicationName
    {0, 128, F::next_hop_as, number, 0},           // bgpNextAdjacentAsNumber
    {0, 136, F::flow_end_reason, number, 0},       // flowEndReason
    {0, 138, F::observation_point_id, number, 0},  // observationPointId
    {0, 139, F::icmp_type, icmp, 1, 6},            // icmpTypeCodeIPv6
    {0, 140, F::mpls_ip, list_address6, 0},        // mplsTopLabelIPv6Address
    {0, 141, F::line_card_id, number, 0},          // lineCardId
    {0, 148, F::flow_id, number, 0},               // flowId
    {0, 150, F::time_flow_start_ns, time_s, 3},    // flowStartSeconds
    {0, 151, F::time_flow_end_ns, time_s, 3},
    {0, 152, F::time_flow_start_ns, time_ms, 2},  // flowStartMilliseconds
    {0, 153, F::time_flow_end_ns, time_ms, 2},
    {0, 154, F::time_flow_start_ns, time_ntp_us, 1},  // flowStartMicroseconds
    {0, 155, F::time_flow_end_ns, time_ntp_us, 1},
    {0, 156, F::time_flow_start_ns, time_ntp, 0},  // flowStartNanoseconds
    {0, 157, F::time_flow_end_ns, time_ntp, 0},
    {0, 158, F::time_flow_start_ns, time_delta_us, 4},  // flowStartDeltaMicroseconds
    {0, 159, F::time_flow_end_ns, time_delta_us, 4},
    {0, 161, F::time_flow_end_ns, duration_ms, 9},  // flowDurationMilliseconds
    {0, 162, F::time_flow_end_ns, duration_us, 9},  // flowDurationMicroseconds
    {0, 169, F::dst_addr, address6, 1},             // destinationIPv6Prefix
    {0, 170, F::src_addr, address6, 1},             // sourceIPv6Prefix
    {0, 171, F::bytes, number, 3},                  // postOctetTotalCount
    {0, 172, F::packets, number, 3},                // postPacketTotalCount
    {0, 176, F::icmp_type, number, 0, 4},           // icmpTypeIPv4
    {0, 177, F::icmp_code, number, 0, 4},           // icmpCodeIPv4
    {0, 178, F::icmp_type, number, 0, 6},           // icmpTypeIPv6
    {0, 179, F::icmp_code, number, 0, 6},           // icmpCodeIPv6
    {0, 180, F::src_port, number, 1},               // udpSourcePort
    {0, 181, F::dst_port, number, 1},               // udpDestinationPort
    {0, 182, F::src_port, number, 1},               // tcpSourcePort
    {0, 183, F::dst_port, number, 1},               // tcpDestinationPort
    {0, 192, F::ip_ttl, number, 1},                 // ipTTL
    {0, 197, F::ip_flags, fragment_flags, 0},       // fragmentFlags
    {0, 200, F::mpls_ttl, list_number, 0},          // mplsTopLabelTTL
    {0, 225, F::post_nat_src_addr, address4, 0},    // postNATSourceIPv4Address
    {0, 226, F::post_nat_dst_addr, address4, 0},
    {0, 227, F::post_nat_src_port, number, 0},  // postNAPTSourceTransportPort
    {0, 228, F::post_nat_dst_port, number, 0},
    {0, 229, F::nat_realm, number, 0},       // natOriginatingAddressRealm
    {0, 230, F::nat_event, number, 0},       // natEvent
    {0, 231, F::bytes, number, 4},           // initiatorOctets
    {0, 232, F::reverse_bytes, number, 4},   // responderOctets
    {0, 233, F::firewall_event, number, 0},  // firewallEvent
    {0, 234, F::ingress_vrf_id, number, 0},  // ingressVRFID
    {0, 235, F::egress_vrf_id, number, 0},   // egressVRFID
    {0, 236, F::ingress_vrf_name, text, 0},  // VRFname
    {0, 243, F::src_vlan, number, 1},        // dot1qVlanId
    {0, 243, F::vlan_id, number, 1},
    {0, 245, F::src_vlan, number, 2},  // dot1qCustomerVlanId
    {0, 245, F::vlan_id, number, 2},
    {0, 252, F::in_if, number, 1},                // ingressPhysicalInterface
    {0, 253, F::out_if, number, 1},               // egressPhysicalInterface
    {0, 254, F::dst_vlan, number, 1},             // postDot1qVlanId
    {0, 255, F::dst_vlan, number, 2},             // postDot1qCustomerVlanId
    {0, 256, F::etype, number, 2},                // ethernetType
    {0, 281, F::post_nat_src_addr, address6, 0},  // postNATSourceIPv6Address
    {0, 282, F::post_nat_dst_addr, address6, 0},
    {0, 283, F::nat_pool_id, number, 0},          // natPoolId
    {0, 298, F::packets, number, 4},              // initiatorPackets
    {0, 299, F::reverse_packets, number, 4},      // responderPackets
    {0, 302, F::sampler_id, number, 1},           // selectorId
    {0, 305, F::sampling_rate, number, 2},        // samplingPacketInterval
    {0, 306, F::sampling_rate, packet_space, 2},  // samplingPacketSpace
    {0, 309, F::sampling_rate, sample_size, 3},   // samplingSize
    {0, 310, F::sampling_rate, number, 3},        // samplingPopulation
    {0, 311, F::sampling_rate, probability, 4},   // samplingProbability
    {0, 312, F::bytes, number, 7},                // dataLinkFrameSize
    {0, 312, F::packets, one, 7},
    {0, 316, F::mpls_label, list_stack_labels, 1},  // mplsLabelStackSection
    {0, 316, F::mpls_ttl, list_stack_ttls, 1},
    {0, 322, F::time_flow_start_ns, time_s, 9},  // observationTimeSeconds
    {0, 322, F::time_flow_end_ns, time_s, 9},
    {0, 323, F::time_flow_start_ns, time_ms, 8},  // observationTimeMilliseconds
    {0, 323, F::time_flow_end_ns, time_ms, 8},
    {0, 324, F::time_flow_start_ns, time_ntp_us, 7},  // observationTimeMicroseconds
    {0, 324, F::time_flow_end_ns, time_ntp_us, 7},
    {0, 325, F::time_flow_start_ns, time_ntp, 6},  // observationTimeNanoseconds
    {0, 325, F::time_flow_end_ns, time_ntp, 6},
    {0, 352, F::bytes, number, 5},                                   // layer2OctetDeltaCount
    {0, 353, F::bytes, number, 6},                                   // layer2OctetTotalCount
    {0, 361, F::port_range_start, number, 0},                        // portRangeStart
    {0, 362, F::port_range_end, number, 0},                          // portRangeEnd
    {0, 363, F::port_range_step, number, 0},                         // portRangeStepSize
    {0, 364, F::port_range_size, number, 0},                         // portRangeNumPorts
    {0, 430, F::packets, number, 5},                                 // layer2FrameDeltaCount
    {0, 431, F::packets, number, 6},                                 // layer2FrameTotalCount
    {0, 483, F::bgp_communities, list_number, 0},                    // bgpCommunity
    {0, 494, F::ipv6_routing_header_addresses, list_address6, 0},    // srhSegmentIPv6
    {0, 497, F::ipv6_routing_header_addresses, list_addresses6, 0},  // srhSegmentIPv6ListSection
    {0, 498, F::ipv6_routing_header_seg_left, number, 0},            // srhSegmentsIPv6Left
    // NetFlow v9 of Cisco ASA and FTD; types from 32768 on are vendor-specific. IPFIX ids do not go that high.
    {0, 33002, F::firewall_extended_event, number, 0},
    {0, 40001, F::post_nat_src_addr, address4, 1},  // NF_F_XLATE_SRC_ADDR_IPV4
    {0, 40002, F::post_nat_dst_addr, address4, 1},  // NF_F_XLATE_DST_ADDR_IPV4
    {0, 40003, F::post_nat_src_port, number, 1},    // NF_F_XLATE_SRC_PORT
    {0, 40004, F::post_nat_dst_port, number, 1},    // NF_F_XLATE_DST_PORT
    {0, 40005, F::firewall_event, number, 1},       // NF_F_FW_EVENT
    {0, 56701, F::application_name, text, 1},       // App-ID of Palo Alto Networks
    {kReversePen, 1, F::reverse_bytes, number, 0},
    {kReversePen, 2, F::reverse_packets, number, 0},
    {kReversePen, 23, F::reverse_bytes, number, 1},
    {kReversePen, 24, F::reverse_packets, number, 1},
    {kReversePen, 85, F::reverse_bytes, number, 2},
    {kReversePen, 86, F::reverse_packets, number, 2},
    {kReversePen, 171, F::reverse_bytes, number, 3},
    {kReversePen, 172, F::reverse_packets, number, 3},
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

// Elements whose values are lists, by their abstract types in the registry.
constexpr struct {
  uint16_t id;
  ListKind kind;
} kLists[] = {
    {291, ListKind::basic},               // basicList
    {292, ListKind::sub_template},        // subTemplateList
    {293, ListKind::sub_template_multi},  // subTemplateMultiList
    {443, ListKind::sub_template},        // mibObjectValueTable
    {444, ListKind::sub_template},        // mibObjectValueRow
    {484, ListKind::basic},               // bgpSourceCommunityList
    {485, ListKind::basic},               // bgpDestinationCommunityList
    {496, ListKind::basic},               // srhSegmentIPv6BasicList
    {512, ListKind::as_path},             // bgpDestinationAsPathList
};

}  // namespace

ListKind list_kind(uint32_t pen, uint16_t id) {
  if (pen == 0)
    for (const auto& list : kLists)
      if (list.id == id) return list.kind;
  return ListKind::none;
}

bool width_fits(const Element& element, uint16_t width) {
  if (width == 0) return false;
  switch (element.convert) {
    case address4:
    case list_address4:
      return width == 4;
    case address6:
    case list_address6:
      return width == 16;
    case time_ms:  // absolute times have a fixed size (RFC 7011 §6.2 allows only numbers to be shorter)
    case time_ntp:
    case time_ntp_us:
      return width == 8;
    case probability:
      return width == 4 || width == 8;
    case list_label:
      return width == 3 || width == 4;
    case text:
    case application:
    case list_addresses6:
    case list_stack_labels:
    case list_stack_ttls:
      return true;
    case number:
      if (info(element.field).spelling == Spelling::mac) return width == 6;
      return width <= 8 || width == kVariableLength;
    default:
      return width <= 8;
  }
}

bool means_unknown(const Element& element) {
  switch (element.field) {
    case F::src_vlan:
    case F::dst_vlan:
    case F::vlan_id:
    case F::in_if:
    case F::out_if:
    case F::src_port:
    case F::dst_port:
    case F::ip_ttl:
    case F::sampler_id:
    case F::firewall_event:
    case F::post_nat_src_port:
    case F::post_nat_dst_port:
    case F::in_if_name:
    case F::out_if_name:
    case F::application_name:
      return element.convert == number || element.convert == text;
    case F::sampling_rate:
      return element.id == 50;  // the other elements come in pairs
    default:
      return false;
  }
}

std::span<const Element> elements_for(uint32_t pen, uint16_t id) {
  auto [first, last] =
      std::equal_range(std::begin(kElements), std::end(kElements), uint64_t{pen} << 16 | id, KeyLess{});
  return {first, last};
}

}  // namespace weir
