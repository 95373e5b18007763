// SPDX-License-Identifier: Apache-2.0
#include "base/protocol_names.h"

#include <algorithm>

#include "base/network_names.h"

namespace weir {
namespace {

struct Protocol {
  uint8_t number;
  std::string_view name;
};
// IANA's protocol numbers, those that are seen in networks; of several names for a number the first is shown.
constexpr Protocol kProtocols[] = {
    {0, "hopopt"},
    {1, "icmp"},
    {2, "igmp"},
    {3, "ggp"},
    {4, "ipip"},
    {5, "st"},
    {6, "tcp"},
    {7, "cbt"},
    {8, "egp"},
    {9, "igp"},
    {12, "pup"},
    {17, "udp"},
    {20, "hmp"},
    {27, "rdp"},
    {33, "dccp"},
    {37, "ddp"},
    {41, "ipv6"},
    {43, "ipv6-route"},
    {44, "ipv6-frag"},
    {45, "idrp"},
    {46, "rsvp"},
    {47, "gre"},
    {48, "dsr"},
    {50, "esp"},
    {51, "ah"},
    {54, "narp"},
    {55, "mobile"},
    {57, "skip"},
    {58, "icmp6"},
    {59, "ipv6-nonxt"},
    {60, "ipv6-opts"},
    {81, "vmtp"},
    {88, "eigrp"},
    {89, "ospf"},
    {94, "ipip-old"},
    {97, "etherip"},
    {98, "encap"},
    {103, "pim"},
    {108, "ipcomp"},
    {112, "vrrp"},
    {115, "l2tp"},
    {118, "stp"},
    {121, "smp"},
    {124, "isis"},
    {129, "iplt"},
    {132, "sctp"},
    {133, "fc"},
    {135, "mobility"},
    {136, "udplite"},
    {137, "mpls-in-ip"},
    {138, "manet"},
    {139, "hip"},
    {140, "shim6"},
    {143, "ethernet"},
    // other names
    {58, "ipv6-icmp"},
    {58, "icmpv6"},
    {89, "ospfigp"},
    {136, "udp-lite"},
};

// IANA's protocol numbers 0 to 145, as GoFlow2 spells them.
constexpr std::string_view kProtoNames[] = {
    "HOPOPT",
    "ICMP",
    "IGMP",
    "GGP",
    "IPv4",
    "ST",
    "TCP",
    "CBT",
    "EGP",
    "IGP",
    "BBN-RCC-MON",
    "NVP-II",
    "PUP",
    "ARGUS",
    "EMCON",
    "XNET",
    "CHAOS",
    "UDP",
    "MUX",
    "DCN-MEAS",
    "HMP",
    "PRM",
    "XNS-IDP",
    "TRUNK-1",
    "TRUNK-2",
    "LEAF-1",
    "LEAF-2",
    "RDP",
    "IRTP",
    "ISO-TP4",
    "NETBLT",
    "MFE-NSP",
    "MERIT-INP",
    "DCCP",
    "3PC",
    "IDPR",
    "XTP",
    "DDP",
    "IDPR-CMTP",
    "TP++",
    "IL",
    "IPv6",
    "SDRP",
    "IPv6-Route",
    "IPv6-Frag",
    "IDRP",
    "RSVP",
    "GRE",
    "DSR",
    "BNA",
    "ESP",
    "AH",
    "I-NLSP",
    "SWIPE",
    "NARP",
    "Min-IPv4",
    "TLSP",
    "SKIP",
    "IPv6-ICMP",
    "IPv6-NoNxt",
    "IPv6-Opts",
    "any-host-internal-protocol",
    "CFTP",
    "any-local-network",
    "SAT-EXPAK",
    "KRYPTOLAN",
    "RVD",
    "IPPC",
    "any-distributed-file-system",
    "SAT-MON",
    "VISA",
    "IPCV",
    "CPNX",
    "CPHB",
    "WSN",
    "PVP",
    "BR-SAT-MON",
    "SUN-ND",
    "WB-MON",
    "WB-EXPAK",
    "ISO-IP",
    "VMTP",
    "SECURE-VMTP",
    "VINES",
    "IPTM",
    "NSFNET-IGP",
    "DGP",
    "TCF",
    "EIGRP",
    "OSPFIGP",
    "Sprite-RPC",
    "LARP",
    "MTP",
    "AX.25",
    "IPIP",
    "MICP",
    "SCC-SP",
    "ETHERIP",
    "ENCAP",
    "any-private-encryption-scheme",
    "GMTP",
    "IFMP",
    "PNNI",
    "PIM",
    "ARIS",
    "SCPS",
    "QNX",
    "A/N",
    "IPComp",
    "SNP",
    "Compaq-Peer",
    "IPX-in-IP",
    "VRRP",
    "PGM",
    "any-0-hop-protocol",
    "L2TP",
    "DDX",
    "IATP",
    "STP",
    "SRP",
    "UTI",
    "SMP",
    "SM",
    "PTP",
    "ISIS over IPv4",
    "FIRE",
    "CRTP",
    "CRUDP",
    "SSCOPMCE",
    "IPLT",
    "SPS",
    "PIPE",
    "SCTP",
    "FC",
    "RSVP-E2E-IGNORE",
    "Mobility Header",
    "UDPLite",
    "MPLS-in-IP",
    "manet",
    "HIP",
    "Shim6",
    "WESP",
    "ROHC",
    "Ethernet",
    "AGGFRAG",
    "NSH",
};
static_assert(std::size(kProtoNames) == 146);

}  // namespace

std::string_view proto_name(uint8_t proto) {
  if (proto < std::size(kProtoNames)) return kProtoNames[proto];
  if (proto <= 252) return "unassigned";
  return proto == 255 ? "reserved" : "experimental";
}

std::optional<uint8_t> protocol_number(std::string_view name) {
  auto found = std::ranges::find(kProtocols, lower(name), &Protocol::name);
  if (found == std::end(kProtocols)) return {};
  return found->number;
}

std::optional<uint8_t> any_protocol_number(std::string_view name) {
  if (auto number = protocol_number(name)) return number;
  const std::string wanted = lower(name);
  auto found = std::ranges::find_if(kProtoNames, [&](std::string_view printed) { return lower(printed) == wanted; });
  if (found == std::end(kProtoNames)) return {};
  return static_cast<uint8_t>(found - std::begin(kProtoNames));
}

std::vector<std::string> protocol_names() {
  std::vector<std::string> names;
  for (const Protocol& protocol : kProtocols) names.emplace_back(protocol.name);
  return names;
}

std::string_view protocol_short_name(uint8_t number) {
  auto found = std::ranges::find(kProtocols, number, &Protocol::number);
  return found == std::end(kProtocols) ? std::string_view() : found->name;
}

}  // namespace weir
