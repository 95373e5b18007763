// SPDX-License-Identifier: Apache-2.0
#include "decode/application.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

std::string text_of(const std::vector<uint8_t>& id) {
  char text[kMaxApplicationText];
  return {text, write_application(id, text)};
}

// RFC 6759 §4 and its examples in §4.1; FortiOS: engine 20, enterprise 12356.
TEST(Application, EngineAndSelectorAsNumbers) {
  EXPECT_EQ(text_of({13, 0, 0, 53}), "13:53");
  EXPECT_EQ(text_of({3, 0, 161}), "3:161");
  EXPECT_EQ(text_of({1, 17}), "1:17");
  EXPECT_EQ(text_of({20, 0, 0, 0x30, 0x44, 0, 0, 0, 16}), "20:12356:16");
  EXPECT_EQ(text_of({20, 0, 0, 0, 9, 0, 1}), "20:9:1");
  EXPECT_EQ(text_of({6, 1, 2, 3, 4, 5, 6, 7, 8}), "6:72623859790382856");
}

TEST(Application, ALongSelectorInHexadecimal) {
  EXPECT_EQ(text_of({6, 1, 2, 3, 4, 5, 6, 7, 8, 9}), "6:0x010203040506070809");
  EXPECT_EQ(text_of(std::vector<uint8_t>(kMaxApplicationOctets, 255)).size(), 4 + 2 + 2 * 31u);
}

TEST(Application, InvalidIds) {
  for (const auto& id : {std::vector<uint8_t>{}, {20}, {0, 0, 0, 0}, std::vector<uint8_t>(33, 1)})
    EXPECT_EQ(text_of(id), "");
  EXPECT_EQ(text_of({20, 0, 0, 0, 9}), "20:9") << "an enterprise without a selector is read as a selector";
}

}  // namespace
}  // namespace weir
