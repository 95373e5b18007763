// SPDX-License-Identifier: Apache-2.0
#include "wire/template_record.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "elements/elements.h"
#include "templates/fits.h"
#include "templates/plan.h"

namespace weir {
namespace {

std::vector<uint8_t> words(const std::vector<int>& values) {  // 16 bits each
  std::vector<uint8_t> bytes;
  for (int v : values) bytes.push_back(static_cast<uint8_t>(v >> 8)), bytes.push_back(static_cast<uint8_t>(v));
  return bytes;
}

struct Reading {
  TemplateReadResult result;
  TemplateRecord record;
};
Reading read(const std::vector<uint8_t>& bytes, Protocol protocol, TemplateKind kind = TemplateKind::data) {
  ByteReader reader{Bytes(bytes)};
  Reading r;
  r.result = read_template(reader, protocol, kind, r.record);
  return r;
}

TEST(ReadTemplate, NetFlow9) {
  Reading r = read(words({256, 2, 8, 4, 12, 4}), Protocol::netflow9);
  ASSERT_EQ(r.result.read, TemplateRead::ok);
  EXPECT_EQ(r.record.fields.size(), 2u);
  EXPECT_EQ(r.record.fields[1].id, 12);
}

TEST(ReadTemplate, EnterpriseBitOnlyInIpfix) {
  Reading r = read(words({256, 1, 0x8001, 4, 0, 29305}), Protocol::ipfix);
  ASSERT_EQ(r.result.read, TemplateRead::ok);
  EXPECT_EQ(r.record.fields[0].pen, 29305u);
  EXPECT_EQ(r.record.fields[0].id, 1);
  r = read(words({256, 1, 0x8001, 4}), Protocol::netflow9);
  EXPECT_EQ(r.record.fields[0].id, 0x8001);
  EXPECT_EQ(r.record.fields[0].pen, 0u);
}

TEST(ReadTemplate, NetFlow9OptionsCountOctets) {
  Reading r = read(words({257, 4, 8, 1, 4, 34, 4, 35, 1}), Protocol::netflow9, TemplateKind::options);
  ASSERT_EQ(r.result.read, TemplateRead::ok);
  EXPECT_EQ(r.record.scope_fields, 1);
  EXPECT_EQ(r.record.fields[0].pen, kScopePen);
  EXPECT_EQ(r.record.fields[1].id, 34);
  // Lengths that are not a multiple of four: the whole specifiers in them count (RFC 3954 §6.1: four octets each).
  for (uint16_t octets : {9, 10, 11}) {
    r = read(words({257, 4, octets, 1, 4, 34, 4, 35, 1, 0xffff}), Protocol::netflow9, TemplateKind::options);
    ASSERT_EQ(r.result.read, TemplateRead::ok);
    EXPECT_EQ(r.record.scope_fields, 1);
    EXPECT_EQ(r.record.fields.size(), 3u);
  }
  r = read(words({257, 7, 8, 1, 4, 34, 4, 35, 1}), Protocol::netflow9, TemplateKind::options);
  ASSERT_EQ(r.result.read, TemplateRead::ok);
  EXPECT_EQ(r.record.scope_fields, 1);
}

TEST(ReadTemplate, IpfixOptionsScope) {
  EXPECT_EQ(read(words({257, 2, 1, 149, 4, 305, 4}), Protocol::ipfix, TemplateKind::options).result.read,
            TemplateRead::ok);
  EXPECT_EQ(read(words({257, 2, 0, 149, 4, 305, 4}), Protocol::ipfix, TemplateKind::options).result.reason,
            Malformed::scope);
  EXPECT_EQ(read(words({257, 2, 3, 149, 4, 305, 4}), Protocol::ipfix, TemplateKind::options).result.reason,
            Malformed::scope);
}

TEST(ReadTemplate, Withdrawals) {
  Reading r = read(words({256, 0}), Protocol::ipfix);
  ASSERT_EQ(r.result.read, TemplateRead::ok);
  EXPECT_TRUE(r.record.is_withdrawal());
  EXPECT_EQ(read(words({256, 0}), Protocol::netflow9).result.reason, Malformed::zero_length_template);
}

TEST(ReadTemplate, RefusesRecordsOfZeroLength) {
  EXPECT_EQ(read(words({256, 1, 8, 0}), Protocol::netflow9).result.reason, Malformed::zero_length_template);
  EXPECT_EQ(read(words({256, 2, 8, 0, 12, 0}), Protocol::ipfix).result.reason, Malformed::zero_length_template);
  EXPECT_EQ(read(words({256, 2, 8, 0, 12, 4}), Protocol::ipfix).result.read, TemplateRead::ok);
}

// Juniper sends a few fields of zero length; thousands of them would make every octet of data cost as many steps.
TEST(ReadTemplate, ZeroLengthFieldsAreLimited) {
  auto with_empty = [](int count) {
    std::vector<int> fields{256, count + 1, 8, 4};
    for (int i = 0; i < count; ++i) fields.insert(fields.end(), {12, 0});
    return read(words(fields), Protocol::netflow9).result;
  };
  EXPECT_EQ(with_empty(64).read, TemplateRead::ok);
  EXPECT_EQ(with_empty(65).reason, Malformed::too_many_fields);
}

TEST(ReadTemplate, RefusesCountsPastTheSet) {
  EXPECT_EQ(read(words({256, 65535, 8, 4}), Protocol::netflow9).result.read, TemplateRead::broken);
  EXPECT_EQ(read(words({256, 2, 8, 4}), Protocol::ipfix).result.read, TemplateRead::broken);
  EXPECT_EQ(read(words({256, 1, 0x8008, 4}), Protocol::ipfix).result.read, TemplateRead::broken);
}

TEST(ReadTemplate, ATemplateWithTooManyFieldsIsSkipped) {
  std::vector<uint8_t> bytes = words({256, int(limits::kFieldsPerTemplate) + 1});
  for (size_t i = 0; i <= limits::kFieldsPerTemplate; ++i) {
    auto field = words({8, 4});
    bytes.insert(bytes.end(), field.begin(), field.end());
  }
  auto next = words({257, 1, 8, 4});
  bytes.insert(bytes.end(), next.begin(), next.end());
  ByteReader reader{Bytes(bytes)};
  TemplateRecord record;
  EXPECT_EQ(read_template(reader, Protocol::netflow9, TemplateKind::data, record).reason, Malformed::too_many_fields);
  EXPECT_EQ(read_template(reader, Protocol::netflow9, TemplateKind::data, record).read, TemplateRead::ok);
  EXPECT_EQ(record.id, 257);
}

TEST(Plan, PrefersDeltaCountersAndFallsBack) {
  auto compile = [](std::vector<uint8_t> bytes) {
    return compile_plan(read(bytes, Protocol::ipfix).record, Protocol::ipfix);
  };
  auto plan = compile(words({256, 3, 231, 8, 85, 8, 1, 8}));
  ASSERT_EQ(plan->steps.size(), 1u);
  EXPECT_EQ(plan->steps[0].offset, 16);
  plan = compile(words({256, 2, 231, 8, 232, 8}));
  EXPECT_EQ(plan->steps[0].field, Field::bytes);
  EXPECT_EQ(plan->steps[1].field, Field::reverse_bytes);
}

TEST(Plan, AnAddressOfAWrongWidthIsLeftOut) {
  auto plan = compile_plan(read(words({256, 2, 8, 8, 12, 4}), Protocol::netflow9).record, Protocol::netflow9);
  EXPECT_FALSE(plan->mask.has(Field::src_addr));
  EXPECT_TRUE(plan->mask.has(Field::dst_addr));
  EXPECT_EQ(plan->record_length, 12u);
}

// Variable length: one octet below 255, else three (RFC 7011 §7).
TEST(Fits, VariableLength) {
  auto plan = compile_plan(read(words({256, 2, 82, 0xffff, 1, 4}), Protocol::ipfix).record, Protocol::ipfix);
  EXPECT_FALSE(plan->fixed);
  std::vector<uint8_t> body = {2, 'a', 'b', 0, 0, 0, 9};
  std::vector<uint8_t> longer = {255, 1, 0};
  longer.insert(longer.end(), 256 + 4, 0);
  body.insert(body.end(), longer.begin(), longer.end());
  EXPECT_TRUE(fits(*plan, body));
  FieldBytes fields[2];
  EXPECT_EQ(walk_record(*plan, body, fields), 7u);
  EXPECT_EQ(fields[0].length, 2u);
  EXPECT_EQ(walk_record(*plan, Bytes(body).subspan(7), fields), 263u);
  EXPECT_EQ(fields[0].length, 256u);
  body.pop_back();
  EXPECT_FALSE(fits(*plan, body));
}

}  // namespace
}  // namespace weir
