// SPDX-License-Identifier: Apache-2.0
// The bytes are worked out by hand from the rules in the Parquet format's Encodings.md.
#include "parquet/decodings.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

using Numbers = std::vector<uint32_t>;

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (int value : values) out.push_back(static_cast<char>(value));
  return out;
}

// The decoded values, or none if the input is refused.
Numbers read(const std::string& in, unsigned width, size_t count) {
  Numbers values;
  return decode_hybrid(in, width, count, values) ? values : Numbers{};
}

TEST(ReadHybrid, RunsAndPackedGroups) {
  EXPECT_EQ(read(bytes({1 << 1 | 1, 0x88, 0xc6, 0xfa}), 3, 8), (Numbers{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(read(bytes({3 << 1, 5, 1 << 1 | 1, 0b101}), 3, 5), Numbers{});  // a group of width 3 takes three bytes
  EXPECT_EQ(read(bytes({3 << 1, 5, 1 << 1 | 1, 0b101, 0, 0}), 3, 5), (Numbers{5, 5, 5, 5, 0}));
  EXPECT_EQ(read(bytes({2 << 1, 0x34, 0x12}), 16, 2), (Numbers{0x1234, 0x1234}));
}

TEST(ReadHybrid, RefusesWhatDoesNotFit) {
  EXPECT_EQ(read(bytes({2 << 1, 1}), 1, 2), (Numbers{1, 1}));
  EXPECT_EQ(read(bytes({2 << 1, 2}), 1, 2), Numbers{});                        // a value of two bits, width 1
  EXPECT_EQ(read(bytes({2 << 1, 0xff, 0xff, 0xff, 0xff}), 31, 2), Numbers{});  // a value of 32 bits, width 31
  EXPECT_EQ(read(bytes({1 << 1, 0xff, 0xff, 0xff, 0xff}), 32, 1), Numbers{UINT32_MAX});
  EXPECT_EQ(read(bytes({3 << 1, 1}), 1, 2), Numbers{});        // more than `count`
  EXPECT_EQ(read(bytes({1 << 1, 1}), 1, 2), Numbers{});        // fewer
  EXPECT_EQ(read(bytes({0, 1, 2 << 1, 1}), 1, 2), Numbers{});  // a run of length 0
  EXPECT_EQ(read(bytes({2 << 1, 0}), 0, 2), Numbers{});
  EXPECT_EQ(read("", 1, 1), Numbers{});
}

}  // namespace
}  // namespace weir
