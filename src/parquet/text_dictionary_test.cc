// SPDX-License-Identifier: Apache-2.0
#include "parquet/text_dictionary.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

std::string text(Spelling spelling, const TextKey& key) {
  char out[kLongestText];
  return {out, write_text(out, spelling, key)};
}

TEST(TextDictionary, NumbersValuesInTheOrderOfTheirAppearance) {
  TextDictionary dictionary;
  std::vector<IpAddress> addresses;
  for (uint32_t i = 0; i < 20'000; ++i) addresses.push_back(IpAddress::v4(0x0a000000 + i % 7'000 * 4'099));
  std::vector<uint32_t> indexes(addresses.size());
  dictionary.intern(addresses.size(), [&](size_t i) { return TextKey::of(addresses[i]); }, indexes.data());
  ASSERT_EQ(dictionary.keys().size(), 7'000u);
  for (uint32_t i = 0; i < addresses.size(); ++i) {
    ASSERT_EQ(indexes[i], i % 7'000);
    ASSERT_EQ(dictionary.keys()[indexes[i]].address(), addresses[i]);
  }
  dictionary.clear();
  EXPECT_EQ(dictionary.intern(TextKey::of(addresses[3])), 0u);
}

TEST(TextDictionary, TextIsReadBack) {
  const std::pair<Spelling, std::string> texts[] = {
      {Spelling::address, "192.0.2.1"},    {Spelling::address, "2001:db8::1"},
      {Spelling::address, "::"},           {Spelling::mac, "00:1b:21:aa:bb:cc"},
      {Spelling::src_net, "192.0.2.0/24"}, {Spelling::dst_net, "2001:db8::/32"},
      {Spelling::src_net, "0.0.0.0/0"},    {Spelling::src_net, "invalid Prefix"},
      {Spelling::type, "NETFLOW_V9"},      {Spelling::type, "IPFIX"},
      {Spelling::layer, "Ethernet"},       {Spelling::layer, "ICMPv6"}};
  for (const auto& [spelling, expected] : texts) {
    auto key = read_text(expected, spelling);
    ASSERT_TRUE(key) << expected;
    EXPECT_EQ(text(spelling, *key), expected);
  }
}

TEST(TextDictionary, OtherTextsHaveNoKey) {
  EXPECT_FALSE(read_text("192.0.2.256", Spelling::address));
  EXPECT_FALSE(read_text("00:1b:21:aa:bb", Spelling::mac));
  EXPECT_FALSE(read_text("00:1b:21:aa:bb:zz", Spelling::mac));
  EXPECT_FALSE(read_text("192.0.2.0", Spelling::src_net));
  EXPECT_FALSE(read_text("192.0.2.0/x", Spelling::src_net));
  EXPECT_FALSE(read_text("NETFLOW_V4", Spelling::type));
}

}  // namespace
}  // namespace weir
