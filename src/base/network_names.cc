// SPDX-License-Identifier: Apache-2.0
#include "base/network_names.h"

#include <algorithm>

namespace weir {
namespace {

constexpr Service kServices[] = {
    {7, "echo"},
    {9, "discard"},
    {13, "daytime"},
    {17, "qotd"},
    {19, "chargen"},
    {20, "ftp-data"},
    {21, "ftp"},
    {22, "ssh"},
    {23, "telnet"},
    {25, "smtp"},
    {37, "time"},
    {43, "whois"},
    {49, "tacacs"},
    {53, "domain"},
    {67, "bootps"},
    {68, "bootpc"},
    {69, "tftp"},
    {70, "gopher"},
    {79, "finger"},
    {80, "http"},
    {88, "kerberos"},
    {102, "iso-tsap"},
    {110, "pop3"},
    {111, "sunrpc"},
    {113, "ident"},
    {119, "nntp"},
    {123, "ntp"},
    {135, "epmap"},
    {137, "netbios-ns"},
    {138, "netbios-dgm"},
    {139, "netbios-ssn"},
    {143, "imap"},
    {161, "snmp"},
    {162, "snmptrap"},
    {179, "bgp"},
    {194, "irc"},
    {264, "bgmp"},
    {319, "ptp-event"},
    {320, "ptp-general"},
    {389, "ldap"},
    {427, "svrloc"},
    {443, "https"},
    {445, "microsoft-ds"},
    {464, "kpasswd"},
    {465, "submissions"},
    {500, "isakmp"},
    {502, "modbus"},
    {513, "login"},
    {514, "syslog"},
    {515, "printer"},
    {520, "rip"},
    {521, "ripng"},
    {546, "dhcpv6-client"},
    {547, "dhcpv6-server"},
    {554, "rtsp"},
    {587, "submission"},
    {623, "asf-rmcp"},
    {631, "ipp"},
    {636, "ldaps"},
    {639, "msdp"},
    {646, "ldp"},
    {694, "ha-cluster"},
    {830, "netconf-ssh"},
    {853, "domain-s"},
    {860, "iscsi"},
    {873, "rsync"},
    {989, "ftps-data"},
    {990, "ftps"},
    {992, "telnets"},
    {993, "imaps"},
    {995, "pop3s"},
    {1080, "socks"},
    {1194, "openvpn"},
    {1433, "ms-sql-s"},
    {1434, "ms-sql-m"},
    {1521, "oracle"},
    {1701, "l2tp"},
    {1723, "pptp"},
    {1812, "radius"},
    {1813, "radius-acct"},
    {1883, "mqtt"},
    {1900, "ssdp"},
    {1935, "rtmp"},
    {2049, "nfs"},
    {2055, "netflow"},
    {2123, "gtp-control"},
    {2152, "gtp-user"},
    {2181, "zookeeper"},
    {2375, "docker"},
    {3074, "xbox"},
    {3128, "squid"},
    {3260, "iscsi-target"},
    {3306, "mysql"},
    {3389, "ms-wbt-server"},
    {3478, "stun"},
    {3544, "teredo"},
    {3784, "bfd-control"},
    {3785, "bfd-echo"},
    {3868, "diameter"},
    {4500, "ipsec-nat-t"},
    {4739, "ipfix"},
    {4789, "vxlan"},
    {5004, "rtp"},
    {5005, "rtcp"},
    {5060, "sip"},
    {5061, "sips"},
    {5222, "xmpp-client"},
    {5269, "xmpp-server"},
    {5349, "stuns"},
    {5353, "mdns"},
    {5355, "llmnr"},
    {5432, "postgresql"},
    {5672, "amqp"},
    {5683, "coap"},
    {5900, "rfb"},
    {5938, "teamviewer"},
    {6081, "geneve"},
    {6343, "sflow"},
    {6379, "redis"},
    {6443, "kubernetes"},
    {6514, "syslog-tls"},
    {6667, "ircu"},
    {6881, "bittorrent"},
    {8080, "http-alt"},
    {8443, "https-alt"},
    {8883, "secure-mqtt"},
    {9000, "cslistener"},
    {9092, "kafka"},
    {9100, "jetdirect"},
    {9200, "elasticsearch"},
    {11211, "memcache"},
    {27015, "steam"},
    {27017, "mongodb"},
    {33434, "traceroute"},
    {51820, "wireguard"},
};
// Other names for a port of the list above.
constexpr Service kServiceAliases[] = {
    {53, "dns"},     {80, "www"},   {143, "imap2"},    {389, "ldap-tcp"}, {445, "smb"},   {514, "shell"},
    {520, "router"}, {3389, "rdp"}, {5060, "sip-udp"}, {5900, "vnc"},     {2049, "nfsd"}, {1812, "radius-auth"},
};

struct Ethertype {
  uint16_t number;
  std::string_view name;
};
constexpr Ethertype kEthertypes[] = {{0x0800, "ipv4"}, {0x86dd, "ipv6"}, {0x0806, "arp"}, {0x8847, "mpls"}};

template <class Table>
auto find_name(const Table& table, std::string_view name) {
  std::string wanted = lower(name);
  return std::ranges::find_if(table, [&](const auto& entry) { return entry.name == wanted; });
}

}  // namespace

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::span<const Service> services() { return kServices; }

std::optional<uint16_t> service_port(std::string_view name) {
  if (auto found = find_name(kServices, name); found != std::end(kServices)) return found->port;
  if (auto found = find_name(kServiceAliases, name); found != std::end(kServiceAliases)) return found->port;
  return {};
}

std::string_view service_name(uint16_t port) {
  auto found = std::ranges::lower_bound(kServices, port, {}, &Service::port);
  return found != std::end(kServices) && found->port == port ? found->name : std::string_view();
}

std::optional<uint16_t> ethertype_number(std::string_view name) {
  auto found = find_name(kEthertypes, name);
  if (found == std::end(kEthertypes)) return {};
  return found->number;
}

std::optional<uint8_t> tcp_flag_bits(std::string_view letters) {
  unsigned bits = 0;
  for (char letter : letters) {
    char upper = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    size_t bit = kTcpFlagLetters.find(upper);
    if (upper == 'X')
      bits |= 0x3f;
    else if (bit == std::string_view::npos)
      return {};
    else
      bits |= 1u << bit;
  }
  return letters.empty() ? std::nullopt : std::optional(static_cast<uint8_t>(bits));
}

}  // namespace weir
