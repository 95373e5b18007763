// SPDX-License-Identifier: Apache-2.0
#include "flow/text_arena.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

std::string added(std::string_view sent) {
  TextArena arena;
  return std::string(arena.view(arena.add(sent)));
}

TEST(TextArena, KeepsTextAndRemovesPadding) {
  EXPECT_EQ(added("GigabitEthernet0/0/1"), "GigabitEthernet0/0/1");
  EXPECT_EQ(added(std::string_view("ge-0\0\0\0\0", 8)), "ge-0");
  EXPECT_EQ(added(std::string_view("a\0b\0", 4)), std::string_view("a\0b", 3));
  EXPECT_EQ(added(""), "");
  EXPECT_EQ(added(std::string_view("\0\0", 2)), "");
  EXPECT_EQ(added("Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80"), "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80");
}

// Each octet that is not part of a valid character becomes U+FFFD. Expected values: Python's
// bytes.decode(errors="replace"), which replaces a truncated character as a whole, adapted to one replacement per
// octet.
TEST(TextArena, ReplacesWhatIsNotUtf8) {
  const std::string r = "\xef\xbf\xbd";
  EXPECT_EQ(added("a\xff"
                  "b"),
            "a" + r + "b");
  EXPECT_EQ(added("\xc0\xaf"), r + r);                  // overlong
  EXPECT_EQ(added("\xe0\x80\xaf"), r + r + r);          // overlong
  EXPECT_EQ(added("\xed\xa0\x80"), r + r + r);          // a surrogate
  EXPECT_EQ(added("\xf4\x90\x80\x80"), r + r + r + r);  // past U+10FFFF
  EXPECT_EQ(added("\xf8\x88\x80\x80\x80"), r + r + r + r + r);
  EXPECT_EQ(added("\xe2\x82"), r + r);  // truncated
  EXPECT_EQ(added("\x80"), r);
}

TEST(TextArena, EqualAdjacentTextsShareOnePlace) {
  TextArena arena;
  TextRef first = arena.add("eth0");
  EXPECT_EQ(arena.add("eth0"), first);
  EXPECT_EQ(arena.add(std::string_view("eth0\0\0", 6)), first);
  EXPECT_EQ(arena.size(), 4u);
  TextRef bad = arena.add("\xff");
  EXPECT_EQ(arena.add("\xff"), bad);
  EXPECT_EQ(arena.size(), 7u);
  EXPECT_NE(arena.add("eth0"), first);
}

TEST(TextArena, TruncatesBetweenCharactersAndCounts) {
  TextArena arena;
  std::string exact(limits::kTextBytes, 'x');
  EXPECT_EQ(arena.view(arena.add(exact)), exact);
  EXPECT_EQ(arena.take_cut(), 0u);
  EXPECT_EQ(arena.view(arena.add(exact + "y")), exact);
  EXPECT_EQ(arena.take_cut(), 1u);
  EXPECT_EQ(arena.take_cut(), 0u);
  std::string euros;
  for (size_t i = 0; i < 400; ++i) euros += "\xe2\x82\xac";
  EXPECT_EQ(arena.view(arena.add(euros)).size(), 341 * 3u);  // 1,024 octets hold 341 characters of three octets
  EXPECT_EQ(arena.take_cut(), 1u);
}

TEST(TextArena, IsBounded) {
  TextArena arena;
  uint32_t kept = 0;
  for (uint32_t i = 0; i < 2 * limits::kBatchTextBytes / limits::kTextBytes; ++i)
    kept += arena.add(std::to_string(i) + std::string(limits::kTextBytes, 'x')).length > 0;
  EXPECT_EQ(kept, limits::kBatchTextBytes / limits::kTextBytes);
  EXPECT_LE(arena.size(), limits::kBatchTextBytes);
  EXPECT_EQ(arena.take_cut(), 2 * kept);  // each was too long; half of them were omitted
  EXPECT_EQ(arena.space(), 0u);
  arena.clear();
  EXPECT_EQ(arena.size(), 0u);
  EXPECT_LE(arena.memory_bytes(), 256u << 10);
}

TEST(TextArena, Hexadecimal) {
  TextArena arena;
  const uint8_t octets[] = {0x00, 0x0a, 0xff, 0x80, 0x00};
  EXPECT_EQ(arena.view(arena.add_hex(octets)), "000aff8000");
  EXPECT_EQ(arena.add_hex({}).length, 0u);
  std::vector<uint8_t> many(600, 0xab);
  EXPECT_EQ(arena.view(arena.add_hex(many)).size(), limits::kTextBytes);
  EXPECT_EQ(arena.take_cut(), 1u);
}

}  // namespace
}  // namespace weir
