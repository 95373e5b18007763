// SPDX-License-Identifier: Apache-2.0
#include "base/json_text.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(JsonText, EscapesWhatEndsAStringOrControlsATerminal) {
  EXPECT_EQ(json_string("a\"b\\\n\t\x01\x7f"), R"("a\"b\\\n\t\u0001\u007f")");
  EXPECT_EQ(json_string("\xc2\x9b\xe2\x80\xae"), R"("\u009b\u202e")");  // U+009B, U+202E
  EXPECT_EQ(json_string("\xc3\xa9"), "\"\xc3\xa9\"");
  EXPECT_EQ(json_string(""), "\"\"");
}

// RFC 3629 section 4: overlong forms, surrogates, and octets that begin no character.
TEST(JsonText, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(json_string("\xc0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
  EXPECT_EQ(json_string("a\x9b\xff"), "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
  EXPECT_EQ(json_string("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace weir
