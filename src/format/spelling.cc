// SPDX-License-Identifier: Apache-2.0
#include "format/spelling.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/hex.h"
#include "base/text.h"

namespace weir {

namespace {

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

std::string_view etype_name(uint16_t etype) {
  switch (etype) {
    case 0x0800:
      return "IPv4";
    case 0x86dd:
      return "IPv6";
    case 0x0806:
      return "ARP";
  }
  return "";
}

std::string_view layer_name(uint32_t layer) {
  for (const LayerName& known : kLayerNames)
    if (known.number == layer) return known.name;
  return "";
}

char* write_mac(char* out, uint64_t mac) {
  for (int shift = 40; shift >= 0; shift -= 8) {
    out = write_hex(out, static_cast<uint8_t>(mac >> shift));
    if (shift) *out++ = ':';
  }
  return out;
}

char* write_float(char* out, double value) {
  constexpr size_t kMax = 24;
  if (std::isfinite(value)) return std::to_chars(out, out + kMax, value).ptr;
  std::memcpy(out, "null", 4);
  return out + 4;
}

char* write_csv_text(char* out, std::string_view text) {
  if (text.find_first_of("\",\r\n") == text.npos) {
    std::memcpy(out, text.data(), text.size());
    return out + text.size();
  }
  *out++ = '"';
  for (char c : text) {
    if (c == '"') *out++ = '"';
    *out++ = c;
  }
  *out++ = '"';
  return out;
}

char* write_network(char* out, const IpAddress& address, unsigned length) {
  bool four = address.is_v4();
  if (length > (four ? 32u : 128u)) {
    std::memcpy(out, kInvalidNetwork.data(), kInvalidNetwork.size());
    return out + kInvalidNetwork.size();
  }
  if (four)
    out = write_ipv4(out, length ? address.v4_host_order() & ~0u << (32 - length) : 0);
  else
    out = address.masked(length).write(out);
  *out++ = '/';
  return write_short(out, length);
}

}  // namespace weir
