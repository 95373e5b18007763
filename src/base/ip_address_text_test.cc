// SPDX-License-Identifier: Apache-2.0
// The text of addresses, against the C library and the examples of RFC 5952.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <random>

#include "base/ip_address.h"

namespace weir {
namespace {

TEST(IpAddressText, IsCanonical) {
  // RFC 5952 §4.1 to §4.3, §1; the last is v4-mapped, which is IPv4 here.
  for (const char* text : {"2001:db8::1", "2001:db8::2:1", "2001:db8:0:1:1:1:1:1", "2001:0:0:1::1", "2001:db8::1:0:0:1",
                           "::", "::1", "1::", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1", "fe80::a:0:0", "0:1::", "::1:0",
                           "192.0.2.1", "255.255.255.255", "0.0.0.0", "10.20.3.100"}) {
    EXPECT_EQ(IpAddress::parse(text)->to_string(), text);
  }
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.1")->to_string(), "192.0.2.1");
}

TEST(IpAddressText, AgreesWithTheCLibrary) {
  std::mt19937 random(7);
  for (int i = 0; i < 200'000; ++i) {
    uint8_t bytes[16];
    // Many zero groups and short groups, so that every shape of gap occurs.
    for (int g = 0; g < 16; g += 2) {
      unsigned group = random() % 3 ? 0 : random() >> (random() % 16) & 0xffff;
      bytes[g] = static_cast<uint8_t>(group >> 8);
      bytes[g + 1] = static_cast<uint8_t>(group);
    }
    bytes[0] |= 0x20;  // outside ::/96, where the C library writes a dotted quad
    char expected[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, bytes, expected, sizeof expected);
    ASSERT_EQ(IpAddress::v6(bytes).to_string(), expected);
    uint32_t four = static_cast<uint32_t>(random());
    in_addr network{htonl(four)};
    inet_ntop(AF_INET, &network, expected, sizeof expected);
    ASSERT_EQ(IpAddress::v4(four).to_string(), expected);
  }
}

}  // namespace
}  // namespace weir
