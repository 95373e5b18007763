// SPDX-License-Identifier: Apache-2.0
#include "parquet/string_dictionary.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(StringDictionary, NumbersInTheOrderOfAppearance) {
  StringDictionary dictionary;
  EXPECT_EQ(dictionary.intern("eth0"), 0u);
  EXPECT_EQ(dictionary.intern("eth1"), 1u);
  EXPECT_EQ(dictionary.intern("eth0"), 0u);
  EXPECT_EQ(dictionary.intern(""), 2u);
  EXPECT_EQ(dictionary.intern(std::string_view("eth\0", 4)), 3u);
  EXPECT_EQ(dictionary.size(), 4u);
  EXPECT_EQ(dictionary.text(1), "eth1");
  EXPECT_EQ(dictionary.text(2), "");
  EXPECT_EQ(dictionary.bytes(), 12u);
}

TEST(StringDictionary, GrowsAndIsCleared) {
  StringDictionary dictionary;
  for (int round = 0; round < 2; ++round) {
    for (uint32_t i = 0; i < 10'000; ++i) ASSERT_EQ(dictionary.intern("name " + std::to_string(i)), i);
    for (uint32_t i = 0; i < 10'000; ++i) ASSERT_EQ(dictionary.intern("name " + std::to_string(i)), i);
    for (uint32_t i = 0; i < 10'000; ++i) ASSERT_EQ(dictionary.text(i), "name " + std::to_string(i));
    dictionary.clear();
    EXPECT_EQ(dictionary.size(), 0u);
    EXPECT_EQ(dictionary.bytes(), 0u);
  }
}

}  // namespace
}  // namespace weir
