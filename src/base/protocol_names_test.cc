// SPDX-License-Identifier: Apache-2.0
// Numbers from IANA's registry "Protocol Numbers".
#include "base/protocol_names.h"

#include <gtest/gtest.h>

#include <set>

#include "base/network_names.h"

namespace weir {
namespace {

TEST(ProtocolNames, HaveNumbers) {
  EXPECT_EQ(protocol_number("icmp"), 1);
  EXPECT_EQ(protocol_number("tcp"), 6);
  EXPECT_EQ(protocol_number("udp"), 17);
  EXPECT_EQ(protocol_number("gre"), 47);
  EXPECT_EQ(protocol_number("esp"), 50);
  EXPECT_EQ(protocol_number("icmp6"), 58);
  EXPECT_EQ(protocol_number("ipv6-icmp"), 58);
  EXPECT_EQ(protocol_number("ospf"), 89);
  EXPECT_EQ(protocol_number("sctp"), 132);
  EXPECT_EQ(protocol_number("hopopt"), 0);
  for (const char* text : {"", "6", "tc", "tcpx", "tcp ", "http"}) EXPECT_FALSE(protocol_number(text)) << text;
}

TEST(ProtocolNames, EveryPrintedNameIsItsNumber) {
  for (unsigned proto = 0; proto <= 145; ++proto) {
    const std::string_view name = proto_name(static_cast<uint8_t>(proto));
    EXPECT_EQ(any_protocol_number(name), proto == 94 ? 4 : proto) << name;  // IPIP is 4 in nfdump
  }
  for (const char* several : {"unassigned", "experimental", "reserved"}) EXPECT_FALSE(any_protocol_number(several));
  EXPECT_FALSE(protocol_number("EMCON")) << "not a word of filters by itself";
}

TEST(ProtocolNames, EachHasOneShortName) {
  EXPECT_EQ(protocol_short_name(6), "tcp");
  EXPECT_EQ(protocol_short_name(58), "icmp6");
  EXPECT_EQ(protocol_short_name(0), "hopopt");
  EXPECT_EQ(protocol_short_name(253), "");  // RFC 3692: for experiments
  for (int number = 0; number < 256; ++number) {
    std::string_view name = protocol_short_name(static_cast<uint8_t>(number));
    if (name.empty()) continue;
    EXPECT_EQ(protocol_number(name), number) << name;
  }
}

TEST(ProtocolNames, EveryNameIsFoundAndLowerCase) {
  std::set<std::string> names;
  for (const std::string& name : protocol_names()) {
    EXPECT_TRUE(protocol_number(name)) << name;
    EXPECT_EQ(name, lower(name));
    EXPECT_TRUE(names.insert(name).second) << name << " is there twice";
  }
  EXPECT_TRUE(names.contains("tcp"));
}

TEST(ProtocolNames, AreFoundWhateverTheirCase) {
  EXPECT_EQ(protocol_number("TCP"), 6);
  EXPECT_EQ(protocol_number("Ipv6-Icmp"), 58);
}

}  // namespace
}  // namespace weir
