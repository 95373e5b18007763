// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using namespace std::string_literals;

TEST(Printable, ReplacesControlCharacters) {
  for (int c = 0; c < 0x20; ++c) EXPECT_EQ(printable("a"s + static_cast<char>(c) + "b"), "a?b") << c;
  EXPECT_EQ(printable("a\x1b[2Jb\x7f"), "a?[2Jb?");
  // U+0080 to U+009F have two octets in UTF-8, C2 80 to C2 9F; U+00A0 and U+00E4 are not controls.
  for (int c = 0x80; c < 0xA0; ++c) EXPECT_EQ(printable("a\xc2"s + static_cast<char>(c) + "b"), "a?b") << c;
  EXPECT_EQ(printable("\xc2\x9b\x32J\xc2\xa0\xc3\xa4"), "?2J\xc2\xa0\xc3\xa4");
}

TEST(Printable, ReplacesBareControlOctetsInTextThatIsNotUtf8) {
  for (int c = 0x80; c < 0xA0; ++c) EXPECT_EQ(printable("a"s + static_cast<char>(c) + "b"), "a?b") << c;
  EXPECT_EQ(printable("caf\xe9 \x9b\x32J"), "caf\xe9 ?2J");          // ISO 8859-1
  EXPECT_EQ(printable("\xe2\x9b"), "\xe2?");                         // truncated
  EXPECT_EQ(printable("\xe2\x9bZ\x9b"), "\xe2?Z?");                  // not continued
  EXPECT_EQ(printable("\xe0\x82\x9b\xc0\x9b"), "\xe0??\xc0?");       // overlong encodings of U+009B and U+001B
  EXPECT_EQ(printable("\xed\xa0\x80"), "\xed\xa0?");                 // a surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80\xf5\x80"), "\xf4???\xf5?");  // beyond U+10FFFF
}

TEST(Printable, ReplacesCharactersThatChangeTheTextDirection) {
  // U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069
  for (const char* c : {"\xd8\x9c", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac",
                        "\xe2\x80\xad", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9"})
    EXPECT_EQ(printable("a"s + c + "b"), "a?b");
  // Their neighbours U+061B, U+200D, U+2010, U+2029, U+202F, U+2065, U+206A; letters of right-to-left scripts, and
  // characters whose octets lie in the range of control octets: "ě", "€", "😀".
  for (const char* c : {"\xd8\x9b", "\xe2\x80\x8d", "\xe2\x80\x90", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\xa5",
                        "\xe2\x81\xaa", "\xd7\x90", "\xd8\xa7", "\xc4\x9b", "\xe2\x82\xac", "\xf0\x9f\x98\x80"})
    EXPECT_EQ(printable(c), c);
}

TEST(Printable, PrintableLinesKeepsLineEnds) {
  EXPECT_EQ(printable_lines("a\n\x1b[1m\xc2\x9b\n\r\t"), "a\n?[1m?\n??");
  EXPECT_EQ(printable_lines(""), "");
}

}  // namespace
}  // namespace weir
