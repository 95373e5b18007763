// SPDX-License-Identifier: Apache-2.0
// Expected bytes: the examples of the Parquet format's Encodings.md, or worked out by hand from its rules.
#include "parquet/encodings.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "parquet/decodings.h"
#include "parquet/thrift_writer.h"

namespace weir {
namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (int value : values) out.push_back(static_cast<char>(value));
  return out;
}

std::string hybrid(const std::vector<uint32_t>& values, unsigned width) {
  std::string out;
  encode_hybrid(std::span<const uint32_t>(values), width, out);
  return out;
}

TEST(Hybrid, PacksTheExampleOfTheSpecification) {
  // Encodings.md: 0..7 at width 3 are 10001000 11000110 11111010. The header before them: one group of 8, bit-packed.
  EXPECT_EQ(hybrid({0, 1, 2, 3, 4, 5, 6, 7}, 3), bytes({1 << 1 | 1, 0x88, 0xc6, 0xfa}));
}

TEST(Hybrid, EightEqualValuesBecomeARun) {
  EXPECT_EQ(hybrid(std::vector<uint32_t>(8, 5), 3), bytes({8 << 1, 5}));
  EXPECT_EQ(hybrid(std::vector<uint32_t>(300, 0x1234), 16), bytes({0xd8, 0x04, 0x34, 0x12}));  // varint of 600
}

TEST(Hybrid, AFewValuesArePaddedToAGroup) {
  EXPECT_EQ(hybrid({1, 0, 1}, 1), bytes({1 << 1 | 1, 0b101}));
  EXPECT_EQ(hybrid({}, 1), "");
}

// The values packed before a run must be whole groups, or readers count the padding as values.
TEST(Hybrid, ARunCompletesTheGroupBeforeIt) {
  std::vector<uint32_t> values = {1, 2, 3};
  values.insert(values.end(), 5 + 8, 7);
  EXPECT_EQ(hybrid(values, 8), bytes({1 << 1 | 1, 1, 2, 3, 7, 7, 7, 7, 7, 8 << 1, 7}));
  values.pop_back();  // only seven values are left for the run: all are packed
  EXPECT_EQ(hybrid(values, 8), bytes({2 << 1 | 1, 1, 2, 3, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0}));
}

TEST(Hybrid, PacksWidthsThatCrossAWordBoundary) {
  std::vector<uint32_t> values = {0xffffffff, 0, 1, 2, 3, 4, 5, 6};
  std::string expected = bytes({3});
  for (uint32_t value : values) expected.append(reinterpret_cast<const char*>(&value), 4);
  EXPECT_EQ(hybrid(values, 32), expected);
  // Width 20: two values are five bytes, little end first.
  EXPECT_EQ(hybrid({0xabcde, 0x12345, 0, 0, 0, 0, 0, 1}, 20),
            bytes({3, 0xde, 0xbc, 0x5a, 0x34, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0}));
}

TEST(Hybrid, DecodingRefusesAValueWiderThanTheWidth) {
  std::vector<uint32_t> values;
  EXPECT_TRUE(decode_hybrid(bytes({8 << 1, 1}), 1, 8, values));
  EXPECT_FALSE(decode_hybrid(bytes({8 << 1, 2}), 1, 8, values));
  EXPECT_FALSE(decode_hybrid(bytes({8 << 1, 8}), 3, 8, values));
  EXPECT_TRUE(decode_hybrid(bytes({8 << 1, 0xff, 0xff, 0xff, 0xff}), 32, 8, values));
}

TEST(Thrift, FieldsAndStructs) {
  std::string out;
  ThriftWriter thrift(out);
  thrift.field_i32(1, 150);      // delta 1, type 5; zigzag 300
  thrift.begin_struct(3);        // delta 2, type 12
  thrift.field_bool(1, false);   // type 2
  thrift.field_string(4, "ab");  // delta 3, type 8
  thrift.end_struct();
  thrift.begin_i32_list(10, 15);  // delta 7, type 9; a list of 15 or more has its size in a separate byte
  thrift.end_struct();
  EXPECT_EQ(out, bytes({0x15, 0xac, 0x02, 0x2c, 0x12, 0x38, 2, 'a', 'b', 0, 0x79, 0xf5, 15, 0}));
}

}  // namespace
}  // namespace weir
