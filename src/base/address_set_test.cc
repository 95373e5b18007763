// SPDX-License-Identifier: Apache-2.0
#include "base/address_set.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

bool contains(const AddressSet& set, const char* address) {
  auto parsed = IpAddress::parse(address);
  EXPECT_TRUE(parsed) << address;
  return parsed && set.contains(address_number(*parsed));
}

AddressSet set_of(std::string_view text) {
  auto set = parse_address_set(text);
  EXPECT_TRUE(set) << text;
  return set.value_or(AddressSet());
}

std::string masked(std::string_view network, std::string_view mask) {
  std::vector<AddressRange> ranges;
  if (!add_masked(network, mask, ranges)) return "refused";
  return address_set_text(AddressSet(ranges));
}

// The addresses around ::ffff:0:0/96, where IPv4 is.
constexpr const char* kLastBefore = "::fffe:ffff:ffff";
constexpr const char* kFirstAfter = "::1:0:0:0";

TEST(AddressSet, AnIpv4AddressIsANumberInTheMappedRange) {  // RFC 4291 §2.5.5.2
  EXPECT_EQ(address_number(*IpAddress::parse("0.0.0.0")), Uint128{0xffff} << 32);
  EXPECT_EQ(address_number(*IpAddress::parse("192.0.2.1")), Uint128{0xffff} << 32 | 0xc0000201);
  EXPECT_EQ(address_number(*IpAddress::parse("::1")), Uint128{1});
  for (const char* text :
       {"0.0.0.0", "255.255.255.255", "::", "2001:db8::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"})
    EXPECT_EQ(address_of(address_number(*IpAddress::parse(text))), *IpAddress::parse(text)) << text;
}

TEST(AddressSet, ANetworkIsOfOneFamily) {
  AddressSet v6 = set_of("::/0"), v4 = set_of("0.0.0.0/0");
  for (const char* address : {"0.0.0.0", "10.0.0.1", "255.255.255.255"}) {
    EXPECT_TRUE(contains(v4, address)) << address;
    EXPECT_FALSE(contains(v6, address)) << address;
  }
  for (const char* address :
       {"::", "::1", kLastBefore, kFirstAfter, "2001:db8::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}) {
    EXPECT_TRUE(contains(v6, address)) << address;
    EXPECT_FALSE(contains(v4, address)) << address;
  }
}

// Every IPv6 network around ::ffff:0:0/96, from /0 to /95.
TEST(AddressSet, NoIpv6NetworkContainsIpv4Addresses) {
  for (unsigned length = 0; length < 96; ++length) {
    AddressSet set = set_of(std::string(kLastBefore) + "/" + std::to_string(length));
    EXPECT_TRUE(contains(set, kLastBefore)) << length;
    EXPECT_FALSE(contains(set, "0.0.0.0")) << length;
    EXPECT_FALSE(contains(set, "192.0.2.1")) << length;
    EXPECT_FALSE(contains(set, "255.255.255.255")) << length;
    EXPECT_EQ(contains(set, kFirstAfter), length < 80) << length;
  }
}

TEST(AddressSet, ARangeOfIpv6LeavesIpv4Out) {
  AddressSet set = set_of(std::string(kLastBefore) + "-" + kFirstAfter);
  EXPECT_TRUE(contains(set, kLastBefore));
  EXPECT_TRUE(contains(set, kFirstAfter));
  EXPECT_FALSE(contains(set, "0.0.0.0"));
  EXPECT_FALSE(contains(set, "255.255.255.255"));
  EXPECT_FALSE(contains(set, "::fffe:ffff:fffe"));
  EXPECT_FALSE(contains(set, "::1:0:0:1"));
}

TEST(AddressSet, RangesContainBothEnds) {
  for (const char* text : {"192.0.2.1-192.0.2.9", "192.0.2.1..192.0.2.9"}) {
    AddressSet set = set_of(text);
    EXPECT_TRUE(contains(set, "192.0.2.1"));
    EXPECT_TRUE(contains(set, "192.0.2.9"));
    EXPECT_FALSE(contains(set, "192.0.2.0"));
    EXPECT_FALSE(contains(set, "192.0.2.10"));
  }
  AddressSet one = set_of("2001:db8::1-2001:db8::1");
  EXPECT_EQ(one, set_of("2001:db8::1"));
  EXPECT_NE(one.only(), nullptr);
}

TEST(AddressSet, BitsAfterThePrefixLengthAreIgnored) {
  EXPECT_EQ(set_of("192.0.2.77/24"), set_of("192.0.2.0/24"));
  EXPECT_EQ(set_of("2001:db8::1/32"), set_of("2001:db8::/32"));
  EXPECT_EQ(set_of("192.0.2.1/32"), set_of("192.0.2.1"));
  EXPECT_EQ(set_of("2001:db8::1/128"), set_of("2001:db8::1"));
}

TEST(AddressSet, RefusesAnyOtherText) {
  for (const char* text : {"",
                           "x",
                           "192.0.2",
                           "192.0.2.256",
                           "192.0.2.1/",
                           "/24",
                           "192.0.2.1/33",
                           "192.0.2.1/-1",
                           "192.0.2.1/+8",
                           "192.0.2.1/2x",
                           "192.0.2.1/4294967296",
                           "2001:db8::/129",
                           "2001:db8::/",
                           "::ffff:0:0/95",
                           "192.0.2.9-192.0.2.1",
                           "192.0.2.1-2001:db8::1",
                           "::-255.255.255.255",
                           "192.0.2.1-",
                           "-192.0.2.1",
                           "..",
                           "192.0.2.1..",
                           "192.0.2.0/24-192.0.3.0/24",
                           "192.0.2.1 ",
                           "192.0.2.1,192.0.2.2"}) {
    std::vector<AddressRange> ranges;
    EXPECT_FALSE(add_addresses(text, ranges)) << text;
    EXPECT_TRUE(ranges.empty()) << text;
  }
  EXPECT_FALSE(parse_address_set("192.0.2.1, nonsense"));
  EXPECT_EQ(parse_address_set("::ffff:10.0.0.0/104"), parse_address_set("10.0.0.0/8"));
  EXPECT_FALSE(parse_address_set("nonsense"));
  EXPECT_EQ(parse_address_set("172.16/12"), parse_address_set("172.16.0.0/12"));
  EXPECT_EQ(parse_address_set("10/8"), parse_address_set("10.0.0.0/8"));
  for (const char* wrong : {"/8", "10./8", "10.0.0.0.0/8", "2001/16", ".10/8"})
    EXPECT_FALSE(parse_address_set(wrong)) << wrong;
}

TEST(AddressSet, AListIsSeparatedByCommasOrBlanks) {
  AddressSet set = set_of("192.0.2.1, 192.0.2.3\t2001:db8::/32\n,,");
  EXPECT_EQ(set, set_of("2001:db8::/32 192.0.2.3 192.0.2.1"));
  EXPECT_EQ(set.ranges().size(), 3u);
  EXPECT_TRUE(set_of("").empty());
  EXPECT_TRUE(set_of(" , ").empty());
}

TEST(AddressSet, ANetmaskIsOnesAndThenZeros) {
  EXPECT_EQ(masked("192.0.2.77", "255.255.255.0"), "192.0.2.0/24");
  EXPECT_EQ(masked("192.0.2.77", "255.255.255.255"), "192.0.2.77");
  EXPECT_EQ(masked("192.0.2.77", "255.255.254.0"), "192.0.2.0/23");
  EXPECT_EQ(masked("192.0.2.77", "0.0.0.0"), "0.0.0.0/0");
  EXPECT_EQ(masked("2001:db8::1", "ffff:ffff::"), "2001:db8::/32");
  EXPECT_EQ(masked("192.0.2.0", "255.0.255.0"), "refused");
  EXPECT_EQ(masked("192.0.2.0", "0.255.255.255"), "refused");
  EXPECT_EQ(masked("192.0.2.0", "255.255.255.1"), "refused");
  EXPECT_EQ(masked("2001:db8::", "ffff::ffff"), "refused");
  EXPECT_EQ(masked("192.0.2.0", "ffff:ffff::"), "refused");
  EXPECT_EQ(masked("2001:db8::", "255.0.0.0"), "refused");
  EXPECT_EQ(masked("192.0.2.0", "24"), "refused");
  EXPECT_EQ(masked("192.0.2.0/24", "255.255.255.0"), "refused");
}

TEST(AddressSet, NetworksThatOverlapOrTouchBecomeOne) {
  EXPECT_EQ(address_set_text(set_of("10.0.0.128/25, 10.0.0.0/25")), "10.0.0.0/24");
  EXPECT_EQ(address_set_text(set_of("10.1.2.0/24 10.0.0.0/8")), "10.0.0.0/8");
  EXPECT_EQ(address_set_text(set_of("10.0.0.1 10.0.0.2 10.0.0.3")), "10.0.0.1-10.0.0.3");
  EXPECT_EQ(address_set_text(set_of("2001:db8::/33 2001:db8:8000::/33")), "2001:db8::/32");
  EXPECT_EQ(set_of("0.0.0.0/1,128.0.0.0/1"), set_of("0.0.0.0/0"));
}

TEST(AddressSet, TextsReadBackAsTheSameSet) {
  for (const char* text : {"",
                           "192.0.2.1",
                           "192.0.2.0/24",
                           "192.0.2.1-192.0.2.9",
                           "0.0.0.0/0",
                           "::/0",
                           "::/0 0.0.0.0/0",
                           "::/80",
                           "::fffe:0:0/95",
                           "::/79",
                           "::/1",
                           "8000::/1",
                           "::",
                           "255.255.255.255",
                           "::fffe:ffff:ffff 0.0.0.0/32",
                           "255.255.255.255 ::1:0:0:0",
                           "::fffe:ffff:fff0-::fffe:ffff:ffff 0.0.0.0-0.0.0.9",
                           "::1-::ffff:ffff",
                           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                           "2001:db8::/32,10.0.0.0/8,192.0.2.7"}) {
    AddressSet set = set_of(text);
    EXPECT_EQ(set_of(address_set_text(set)), set) << text << " as " << address_set_text(set);
  }
}

TEST(AddressSet, ATextIsOfOneFamilyEvenIfTheNumbersTouch) {
  EXPECT_EQ(address_texts(set_of("0.0.0.0 ::fffe:ffff:ffff")), (std::vector<std::string>{kLastBefore, "0.0.0.0"}));
  EXPECT_EQ(address_texts(set_of("255.255.255.255 ::1:0:0:0")),
            (std::vector<std::string>{"255.255.255.255", kFirstAfter}));
  EXPECT_EQ(address_set_text(set_of("0.0.0.0/0")), "0.0.0.0/0");
  EXPECT_TRUE(address_texts(AddressSet()).empty());
}

TEST(RangeSet, HoldsTheEndsOfItsType) {
  constexpr uint64_t kMost = ~uint64_t{0};
  NumberSet all({{1, kMost}, {0, 0}});
  EXPECT_EQ(all, NumberSet({{0, kMost}}));
  EXPECT_TRUE(all.contains(0) && all.contains(kMost));
  NumberSet ends({{kMost, kMost}, {0, 0}});
  EXPECT_EQ(ends.ranges().size(), 2u);
  EXPECT_TRUE(ends.contains(0) && ends.contains(kMost));
  EXPECT_FALSE(ends.contains(1) || ends.contains(kMost - 1));
  EXPECT_EQ(ends.only(), nullptr);
  EXPECT_FALSE(NumberSet().contains(0));
  EXPECT_EQ(*NumberSet({{7, 7}, {7, 7}}).only(), 7u);
  EXPECT_EQ(NumberSet({{5, 9}, {1, 20}, {30, 30}, {21, 21}}), NumberSet({{1, 21}, {30, 30}}));
}

}  // namespace
}  // namespace weir
