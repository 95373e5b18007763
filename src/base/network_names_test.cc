// SPDX-License-Identifier: Apache-2.0
// Numbers from IANA's registries "Protocol Numbers", "Service Name and Transport Protocol Port Number" and
// "IEEE 802 Numbers".
#include "base/network_names.h"

#include <gtest/gtest.h>

#include <set>

namespace weir {
namespace {

TEST(NetworkNames, AreFoundWhateverTheirCase) {
  EXPECT_EQ(service_port("HTTPS"), 443);
  EXPECT_EQ(ethertype_number("IPv6"), 0x86dd);
  EXPECT_EQ(tcp_flag_bits("sA"), 0x12);
  EXPECT_EQ(lower("AbZ-09\xc3\x84"), "abz-09\xc3\x84");  // only ASCII letters
}

TEST(NetworkNames, Services) {
  EXPECT_EQ(service_port("ssh"), 22);
  EXPECT_EQ(service_port("domain"), 53);
  EXPECT_EQ(service_port("dns"), 53);
  EXPECT_EQ(service_port("http"), 80);
  EXPECT_EQ(service_port("www"), 80);
  EXPECT_EQ(service_port("https"), 443);
  EXPECT_EQ(service_port("ntp"), 123);
  EXPECT_EQ(service_port("snmp"), 161);
  EXPECT_EQ(service_port("bgp"), 179);
  EXPECT_EQ(service_port("http-alt"), 8080);
  for (const char* text : {"", "80", "htt", "httpss", "tcp"}) EXPECT_FALSE(service_port(text)) << text;
  EXPECT_EQ(service_name(443), "https");
  EXPECT_EQ(service_name(53), "domain");
  EXPECT_EQ(service_name(0), "");
  EXPECT_EQ(service_name(65'535), "");
}

// service_name() looks for a port by binary search.
TEST(NetworkNames, ServicesAreSortedByPort) {
  int last = 0;
  std::set<std::string_view> names;
  for (const Service& service : services()) {
    EXPECT_GT(service.port, last) << service.name;
    last = service.port;
    EXPECT_EQ(service_name(service.port), service.name);
    EXPECT_EQ(service_port(service.name), service.port);
    EXPECT_EQ(lower(service.name), service.name);
    EXPECT_TRUE(names.insert(service.name).second) << service.name << " is there twice";
  }
}

TEST(NetworkNames, Ethertypes) {
  EXPECT_EQ(ethertype_number("ipv4"), 0x0800);
  EXPECT_EQ(ethertype_number("ipv6"), 0x86dd);
  EXPECT_EQ(ethertype_number("arp"), 0x0806);
  EXPECT_EQ(ethertype_number("mpls"), 0x8847);
  EXPECT_FALSE(ethertype_number("0800"));
  EXPECT_FALSE(ethertype_number(""));
}

TEST(NetworkNames, LettersOfTcpFlagsAreInTheOrderOfTheirBits) {  // RFC 9293 §3.1
  EXPECT_EQ(tcp_flag_bits("F"), 0x01);
  EXPECT_EQ(tcp_flag_bits("S"), 0x02);
  EXPECT_EQ(tcp_flag_bits("R"), 0x04);
  EXPECT_EQ(tcp_flag_bits("P"), 0x08);
  EXPECT_EQ(tcp_flag_bits("A"), 0x10);
  EXPECT_EQ(tcp_flag_bits("U"), 0x20);
  EXPECT_EQ(tcp_flag_bits("E"), 0x40);
  EXPECT_EQ(tcp_flag_bits("C"), 0x80);
  EXPECT_EQ(tcp_flag_bits("X"), 0x3f);
  EXPECT_EQ(tcp_flag_bits("xCE"), 0xff);
  EXPECT_EQ(tcp_flag_bits("SS"), 0x02);
  for (const char* text : {"", "SB", "2", "S A", "S-A"}) EXPECT_FALSE(tcp_flag_bits(text)) << text;
}

}  // namespace
}  // namespace weir
