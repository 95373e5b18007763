// SPDX-License-Identifier: Apache-2.0
// Tests fields that the configuration adds. Octets and values are encoded by hand as in RFC 7011 §6.1.
#include "decode/extra_fields.h"

#include <gtest/gtest.h>

#include <bit>

#include "decode/run_plan.h"
#include "templates/plan.h"

namespace weir {
namespace {

using enum ElementType;
constexpr uint32_t kPen = 32473;  // reserved for examples by RFC 5612
constexpr uint16_t kVariable = kVariableLength;

const FieldTable& table() {
  static const FieldTable fields({{"number", kPen, 1, unsigned_number},
                                  {"difference", kPen, 2, signed_number},
                                  {"ratio", kPen, 3, float_number},
                                  {"allowed", kPen, 4, boolean},
                                  {"client", kPen, 5, ip_address},
                                  {"station", kPen, 6, mac_address},
                                  {"host", kPen, 7, string},
                                  {"cookie", kPen, 8, octets},
                                  {"seen", kPen, 9, datetime},
                                  {"seen_exactly", kPen, 10, datetime_ntp},
                                  {"raw_bytes", 0, 1, unsigned_number}});
  return fields;
}
Field slot(const char* name) { return table().find(name)->field; }

std::shared_ptr<const Plan> plan_of(std::vector<FieldSpecifier> fields, const FieldTable& with = table()) {
  TemplateRecord record;
  record.id = 256;
  record.fields = std::move(fields);
  return compile_plan(std::move(record), Protocol::ipfix, with);
}

// Decodes the records of a set, of fixed or variable length, into rows.
void decode(const Plan& plan, const std::vector<uint8_t>& set, FlowBatch& batch) {
  weir::Run& run = batch.append_run(0);
  run.mask = plan.mask;
  Bytes body(set);
  if (plan.fixed) {
    while (run.rows * plan.record_length < set.size()) batch.grow_last_run();
    return run_plan_fixed(plan, set.data(), {}, batch, run);
  }
  std::vector<FieldBytes> fields(plan.lengths.size());
  while (size_t length = walk_record(plan, body, fields.data())) {
    run_plan_record(plan, fields.data(), {}, batch, run, batch.grow_last_run());
    body = body.subspan(length);
    if (body.empty()) break;
  }
}

template <class T>
T value(const FlowBatch& batch, const char* name, uint32_t row = 0) {
  return batch.column<T>(slot(name))[row];
}

TEST(ExtraFields, EveryTypeInItsFullWidth) {
  auto plan = plan_of({{kPen, 1, 8},
                       {kPen, 2, 4},
                       {kPen, 3, 4},
                       {kPen, 4, 1},
                       {kPen, 5, 16},
                       {kPen, 6, 6},
                       {kPen, 7, 8},
                       {kPen, 8, 3},
                       {kPen, 9, 8},
                       {kPen, 10, 8}});
  ASSERT_TRUE(plan->fixed);
  FlowBatch batch;
  decode(*plan, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,                            // 2^64 - 2
                 0xff, 0xff, 0xff, 0xfe,                                                    // -2
                 0x3f, 0xc0, 0,    0,                                                       // 1.5
                 1,                                                                         // true
                 0x20, 1,    0x0d, 0xb8, 0,    0,    0,    0,    0,   0, 0, 0, 0, 0, 0, 7,  // 2001:db8::7
                 0,    0x1b, 0x21, 0xaa, 0xbb, 0xcc, 'w',  'e',  'b', 0, 0, 0, 0, 0,        // padded
                 0x00, 0xab, 0xff,                                                          //
                 0,    0,    0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x7b,                            // 1700000000123 ms
                 0xe8, 0xfe, 0x6f, 0x80, 0x80, 0,    0,    0},  // 2208988800 + 1700000000 s, and a half
         batch);
  EXPECT_EQ(value<uint64_t>(batch, "number"), UINT64_MAX - 1);
  EXPECT_EQ(value<int64_t>(batch, "difference"), -2);
  EXPECT_EQ(value<double>(batch, "ratio"), 1.5);
  EXPECT_EQ(value<uint8_t>(batch, "allowed"), 1);
  EXPECT_EQ(value<IpAddress>(batch, "client").to_string(), "2001:db8::7");
  EXPECT_EQ(value<uint64_t>(batch, "station"), 0x001b21aabbccu);
  EXPECT_EQ(batch.text(slot("host"), 0), "web");
  EXPECT_EQ(batch.text(slot("cookie"), 0), "00abff");
  EXPECT_EQ(value<int64_t>(batch, "seen"), 1'700'000'000'123'000'000);
  EXPECT_EQ(value<int64_t>(batch, "seen_exactly"), 1'700'000'000'500'000'000);
}

TEST(ExtraFields, ReducedSizeAndOtherWidths) {
  auto plan = plan_of({{kPen, 1, 3}, {kPen, 2, 3}, {kPen, 3, 8}, {kPen, 4, 1}, {kPen, 5, 4}, {kPen, 9, 4}});
  FlowBatch batch;
  std::vector<uint8_t> set;
  for (uint8_t row : {0, 1}) {
    set.insert(set.end(), {0x01, 0x02, row, 0xff, 0xff, static_cast<uint8_t>(0xf0 + row)});
    uint64_t bits = std::bit_cast<uint64_t>(-0.1 * row);
    for (int shift = 56; shift >= 0; shift -= 8) set.push_back(static_cast<uint8_t>(bits >> shift));
    set.insert(set.end(), {2, 192, 0, 2, row, 0x65, 0x53, 0xf1, 0x00});
  }
  decode(*plan, set, batch);
  ASSERT_EQ(batch.rows(), 2u);
  EXPECT_EQ(value<uint64_t>(batch, "number", 1), 0x010201u);
  EXPECT_EQ(value<int64_t>(batch, "difference", 0), -16);
  EXPECT_EQ(value<int64_t>(batch, "difference", 1), -15);
  EXPECT_EQ(value<double>(batch, "ratio", 1), -0.1);
  EXPECT_EQ(value<uint8_t>(batch, "allowed", 1), 0);  // 2: false
  EXPECT_EQ(value<IpAddress>(batch, "client", 1).to_string(), "192.0.2.1");
  EXPECT_EQ(value<int64_t>(batch, "seen", 0), 1'700'000'000'000'000'000);
}

TEST(ExtraFields, VariableLength) {
  auto plan = plan_of({{0, 1, 4}, {kPen, 7, kVariable}, {kPen, 1, kVariable}, {kPen, 5, kVariable}});
  ASSERT_FALSE(plan->fixed);
  FlowBatch batch;
  decode(*plan, {0, 0, 0, 9, 3,   'a', 'b', 'c', 2,   1, 0, 4, 192, 0, 2, 9,  //
                 0, 0, 0, 8, 0,   0,   0,                                     // nothing
                 0, 0, 0, 7, 255, 0,   2,   'd', 'e', 1, 5, 3, 1,   2, 3},    // an address of three octets
         batch);
  ASSERT_EQ(batch.rows(), 3u);
  EXPECT_EQ(batch.text(slot("host"), 0), "abc");
  EXPECT_EQ(value<uint64_t>(batch, "number", 0), 256u);
  EXPECT_EQ(value<IpAddress>(batch, "client", 0).to_string(), "192.0.2.9");
  EXPECT_EQ(batch.text(slot("host"), 1), "");
  EXPECT_EQ(value<uint64_t>(batch, "number", 1), 0u);
  EXPECT_TRUE(value<IpAddress>(batch, "client", 1).is_zero());
  EXPECT_EQ(batch.text(slot("host"), 2), "de");
  EXPECT_EQ(value<uint64_t>(batch, "number", 2), 5u);
  EXPECT_TRUE(value<IpAddress>(batch, "client", 2).is_zero());
}

// One element may fill a field of Weir's and one of the user's; the mask has only the fields that the template has.
TEST(ExtraFields, ElementAlsoInTheFieldTable) {
  auto plan = plan_of({{0, 1, 4}, {kPen, 1, 2}});
  FlowBatch batch;
  decode(*plan, {0, 0, 5, 220, 0, 7}, batch);
  EXPECT_EQ(batch.number(Field::bytes, 0), 1500u);
  EXPECT_EQ(value<uint64_t>(batch, "raw_bytes"), 1500u);
  EXPECT_EQ(value<uint64_t>(batch, "number"), 7u);
  EXPECT_TRUE(plan->mask.has(slot("raw_bytes")) && plan->mask.has(slot("number")));
  EXPECT_FALSE(plan->mask.has(slot("host")));
}

TEST(ExtraFields, WidthsInvalidForTheTypeAreLeftOut) {
  auto plan =
      plan_of({{kPen, 1, 9}, {kPen, 3, 2}, {kPen, 4, 2}, {kPen, 5, 6}, {kPen, 6, 8}, {kPen, 9, 5}, {kPen, 10, 4}});
  EXPECT_TRUE(plan->extra_steps.empty());
  EXPECT_EQ(plan->mask, FieldMask{});
}

TEST(ExtraFields, TheSameNumberOfAnotherEnterpriseIsAnotherElement) {
  auto plan = plan_of({{kPen + 1, 7, 4}, {0, 7, 2}});
  EXPECT_TRUE(plan->extra_steps.empty());
}

TEST(ExtraFields, FirstOfARepeatedElementIsUsed) {
  auto plan = plan_of({{kPen, 1, 1}, {kPen, 1, 1}});
  FlowBatch batch;
  decode(*plan, {1, 2}, batch);
  EXPECT_EQ(value<uint64_t>(batch, "number"), 1u);
}

TEST(ExtraFields, WithoutAddedFieldsAPlanHasNoStepsForThem) {
  EXPECT_TRUE(plan_of({{kPen, 1, 4}, {0, 1, 4}}, FieldTable::plain())->extra_steps.empty());
}

TEST(FieldTable, AddedFieldsFollowThoseOfTheTable) {
  EXPECT_EQ(table().all().size(), kFieldCount + 11);
  EXPECT_EQ(table().all()[kFieldCount].name, "number");
  EXPECT_EQ(table().info(extra_field(3)).name, "allowed");
  EXPECT_EQ(table().find("bytes")->field, Field::bytes);
  EXPECT_EQ(table().find("nothing"), nullptr);
  EXPECT_EQ(table().info(extra_field(0)).protobuf_number, 2000);
  FieldTable numbered({{"a", 0, 1, string, 2040}, {"b", 0, 2, string}});
  EXPECT_EQ(numbered.find("a")->protobuf_number, 2040);
  EXPECT_EQ(numbered.find("b")->protobuf_number, 2001);
}

}  // namespace
}  // namespace weir
