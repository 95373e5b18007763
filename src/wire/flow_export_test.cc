// SPDX-License-Identifier: Apache-2.0
#include "wire/flow_export.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir {
namespace {

using Payload = std::vector<uint8_t>;

// A header of 16-bit words, zero-padded to `size`.
Payload words(std::initializer_list<uint16_t> values, size_t size) {
  Payload out;
  for (uint16_t v : values) {
    out.push_back(static_cast<uint8_t>(v >> 8));
    out.push_back(static_cast<uint8_t>(v));
  }
  out.resize(size);
  return out;
}

TEST(FlowExport, RecognizesEachProtocolByItsHeader) {
  EXPECT_TRUE(looks_like_flow_export(words({1, 2}, 16 + 2 * 48)));
  EXPECT_TRUE(looks_like_flow_export(words({5, 30}, 24 + 30 * 48)));
  EXPECT_TRUE(looks_like_flow_export(words({7, 1}, 24 + 52)));
  EXPECT_TRUE(looks_like_flow_export(words({9, 1, 0, 0, 0, 0, 0, 0, 0, 0, /*template flowset*/ 0, 12}, 32)));
  EXPECT_TRUE(looks_like_flow_export(words({9, 1, 0, 0, 0, 0, 0, 0, 0, 0, /*data*/ 256, 12}, 32)));
  EXPECT_TRUE(looks_like_flow_export(words({10, 28, 0, 0, 0, 0, 0, 0, /*template set*/ 2, 12}, 28)));
  EXPECT_TRUE(looks_like_flow_export(words({0, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 28 + 8)));  // IPv4 agent
  EXPECT_TRUE(looks_like_flow_export(words({0, 5, 0, 2}, 40)));                                    // IPv6, no samples
}

TEST(FlowExport, AcceptsHeadersWithoutRecords) {
  EXPECT_TRUE(looks_like_flow_export(words({9, 0}, 20)));
  EXPECT_TRUE(looks_like_flow_export(words({10, 16}, 16)));
}

TEST(FlowExport, AcceptsWrongCounts) {
  EXPECT_TRUE(looks_like_flow_export(words({5, 0xd91e}, 24 + 30 * 48)));  // complete records
  EXPECT_TRUE(looks_like_flow_export(words({5, 2}, 24 + 48 + 7)));        // a truncated record
  EXPECT_TRUE(looks_like_flow_export(words({10, 1400, 0, 0, 0, 0, 0, 0, /*template set*/ 2, 15000}, 100)));
  EXPECT_TRUE(looks_like_flow_export(words({10, 40, 0, 0, 0, 0, 0, 0, /*data*/ 999, 12}, 28)));
}

TEST(FlowExport, RejectsOtherTraffic) {
  EXPECT_FALSE(looks_like_flow_export({}));
  EXPECT_FALSE(looks_like_flow_export(words({5, 1}, 15)));
  // DNS (RFC 1035 §4.1.1) whose id happens to be a version number; flags "recursion desired", one question.
  for (uint16_t id : {1, 5, 7, 9, 10}) EXPECT_FALSE(looks_like_flow_export(words({id, 0x0100, 1, 0, 0, 0}, 45))) << id;
  // STUN binding request (RFC 8489 §5) with 48 bytes of attributes: type 1, length, magic cookie.
  EXPECT_FALSE(looks_like_flow_export(words({1, 48, 0x2112, 0xa442}, 20 + 48)));
  EXPECT_FALSE(looks_like_flow_export(words({9, 3, 0, 0, 0, 0, 0, 0, 0, 0, /*reserved set*/ 7, 12}, 32)));
  EXPECT_FALSE(looks_like_flow_export(words({0, 5, 0, 3}, 60)));  // no such address type
  EXPECT_FALSE(
      looks_like_flow_export(words({0, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 99}, 60)));  // 99 samples in 32 bytes
}

}  // namespace
}  // namespace weir
