// SPDX-License-Identifier: Apache-2.0
// Tests structured data (RFC 6313) inside data records.
#include "decode/testing/decoder_fixture.h"

namespace weir {
namespace {

constexpr uint8_t kAllOf = 3;  // semantic

// A field of variable length (RFC 7011 §7).
Writer variable(const Writer& content) {
  Writer w;
  if (content.bytes.size() < 255)
    w.u8(content.bytes.size());
  else
    w.u8(255).u16(content.bytes.size());
  return w.add(content);
}
Writer basic_list(uint16_t id, uint16_t width, const Writer& values) {
  return Writer().u8(kAllOf).u16(id).u16(width).add(values);
}

int64_t malformed(Fixture& f, Malformed reason) { return Fixture::count(f.entry(Protocol::ipfix), reason); }

TEST(Lists, CommunitiesAndAsPath) {
  Fixture f;
  Writer source = basic_list(483, 4, Writer().u32(64500u << 16 | 1).u32(64500u << 16 | 2));
  Writer destination = basic_list(483, 4, Writer().u32(64501u << 16 | 9));
  Writer path = basic_list(17, 4, Writer().u32(64500).u32(64510).u32(64501));
  Writer records = Writer().u64(5).add(variable(source)).add(variable(destination)).add(variable(path));
  records.u64(6).add(variable(basic_list(483, 4, {}))).add(variable(destination)).add(variable({}));
  f.send(ipfix(
      0, Writer(ipfix_template(300, {{1, 8}, {484, 0xffff}, {485, 0xffff}, {512, 0xffff}})).add(set(300, records))));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 2u);
  EXPECT_EQ(numbers_of(rows, Field::bgp_communities, 0),
            (std::vector<uint32_t>{64500u << 16 | 1, 64500u << 16 | 2, 64501u << 16 | 9}));
  EXPECT_EQ(numbers_of(rows, Field::as_path, 0), (std::vector<uint32_t>{64500, 64510, 64501}));
  EXPECT_EQ(numbers_of(rows, Field::bgp_communities, 1), (std::vector<uint32_t>{64501u << 16 | 9}));
  EXPECT_FALSE(has_field(rows, Field::as_path, 1));
  EXPECT_EQ(number_of(rows, Field::bytes, 1), 6u);
  EXPECT_EQ(f.entry(Protocol::ipfix).malformed.value(), 0);
}

TEST(Lists, BasicListFillsFieldsThatTheRecordDoesNotHave) {
  Fixture f;
  Writer addresses = basic_list(12, 4, Writer().u32(0x0a000001).u32(0x0a000002));
  Writer ports = basic_list(7, 2, Writer().u16(80));
  Writer strings = basic_list(96, 0xffff, variable(Writer().text("dns", 3)));
  Writer vendor = Writer().u8(kAllOf).u16(0x8000 | 5).u16(2).u32(9).u16(1).u16(2);
  Writer record =
      Writer().u16(443).add(variable(addresses)).add(variable(ports)).add(variable(strings)).add(variable(vendor));
  f.send(ipfix(0, Writer(ipfix_template(300, {{7, 2}, {291, 0xffff}, {291, 0xffff}, {291, 0xffff}, {291, 0xffff}}))
                      .add(set(300, record))));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 1u);
  EXPECT_EQ(number_of(rows, Field::src_port), 443u);  // the record's own
  EXPECT_EQ(rows.column<IpAddress>(Field::dst_addr)[0].to_string(), "10.0.0.1");
  EXPECT_EQ(text_of(rows, Field::application_name), "dns");
  EXPECT_EQ(f.entry(Protocol::ipfix).malformed.value(), 0);
}

const Writer kInner = ipfix_template(400, {{8, 4}, {1, 4}, {70, 3}});
Writer inner(uint32_t source, uint32_t bytes, uint32_t label) {
  return Writer().u32(source).u32(bytes).put(label << 4, 3);
}

TEST(Lists, SubTemplateList) {
  Fixture f;
  Writer list = Writer().u8(kAllOf).u16(400).add(inner(0x0a000001, 7, 100)).add(inner(0x0a000002, 8, 200));
  Writer tpl = ipfix_template(300, {{1, 8}, {70, 3}, {292, 0xffff}});
  Writer record = Writer().u64(5).put(50 << 4, 3).add(variable(list));
  f.send(ipfix(0, Writer(kInner).add(tpl).add(set(300, Writer(record).add(record)))));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 2u);
  for (uint32_t row : {0u, 1u}) {
    EXPECT_EQ(number_of(rows, Field::bytes, row), 5u);
    EXPECT_EQ(rows.column<IpAddress>(Field::src_addr)[row].to_string(), "10.0.0.1");
    EXPECT_EQ(number_of(rows, Field::etype, row), 0x0800u);
    EXPECT_EQ(numbers_of(rows, Field::mpls_label, row), (std::vector<uint32_t>{50, 100, 200}));
  }
}

TEST(Lists, SubTemplateMultiList) {
  Fixture f;
  Writer other = ipfix_template(401, {{12, 4}});
  Writer list = Writer().u8(kAllOf);
  list.u16(999).u16(6).u16(0);  // a template that nobody sent
  list.u16(400).u16(4 + 11).add(inner(0x0a000001, 7, 100)).u16(401).u16(8).u32(0x0a000009);
  f.send(ipfix(0, Writer(kInner)
                      .add(other)
                      .add(ipfix_template(300, {{293, 0xffff}, {2, 4}}))
                      .add(set(300, Writer(variable(list)).u32(3)))));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 1u);
  EXPECT_EQ(number_of(rows, Field::packets), 3u);
  EXPECT_EQ(number_of(rows, Field::bytes), 7u);
  EXPECT_EQ(rows.column<IpAddress>(Field::dst_addr)[0].to_string(), "10.0.0.9");
  EXPECT_EQ(malformed(f, Malformed::list_template), 1);
}

// A row has only fields that were written: here an element fills two fields, and the record already has one of them.
TEST(Lists, ElementThatFillsTwoFields) {
  Fixture f;
  Writer list = Writer().u8(kAllOf).u16(400).u16(0x0301);
  Writer sets = Writer(ipfix_template(400, {{32, 2}})).add(ipfix_template(300, {{176, 1}, {292, 0xffff}}));
  f.send(ipfix(0, sets.add(set(300, Writer().u8(8).add(variable(list))))));
  ASSERT_EQ(f.rows().rows(), 1u);
  EXPECT_EQ(number_of(f.rows(), Field::icmp_type), 8u);
  EXPECT_FALSE(has_field(f.rows(), Field::icmp_code));
}

TEST(Lists, EthertypeComesFromTheRecordAroundTheList) {
  Fixture f;
  Writer list = Writer().u8(kAllOf).u16(400).u32(0x0a000001).u32(0x0a000002);
  Writer sets = Writer(ipfix_template(400, {{8, 4}, {8, 4}})).add(ipfix_template(300, {{28, 16}, {292, 0xffff}}));
  f.send(ipfix(0, sets.add(set(300, Writer().u64(0x20010db800000000).u64(1).add(variable(list))))));
  EXPECT_EQ(number_of(f.rows(), Field::etype), 0x86ddu);
  EXPECT_EQ(f.rows().column<IpAddress>(Field::src_addr)[0].to_string(), "10.0.0.1");
}

TEST(Lists, RecordInAListHasItsOwnBootTime) {
  Fixture f;
  Writer list = Writer().u8(kAllOf).u16(400).u64(1'699'999'000'000).u32(1'000);
  Writer sets = Writer(ipfix_template(400, {{160, 8}, {22, 4}})).add(ipfix_template(300, {{1, 4}, {292, 0xffff}}));
  f.send(ipfix(0, sets.add(set(300, Writer().u32(5).add(variable(list))))));
  EXPECT_EQ(f.rows().column<int64_t>(Field::time_flow_start_ns)[0], 1'699'999'001'000'000'000);
}

TEST(Lists, RecordsWithDifferentLists) {
  Fixture f;
  Writer some = Writer().u8(kAllOf).u16(400).add(inner(0x0a000001, 7, 100)), none = Writer().u8(kAllOf).u16(400);
  f.send(ipfix(
      0,
      Writer(kInner)
          .add(ipfix_template(300, {{2, 4}, {292, 0xffff}}))
          .add(set(300, Writer().u32(1).add(variable(some)).u32(2).add(variable(none)).u32(3).add(variable(some))))));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 3u);
  EXPECT_TRUE(has_field(rows, Field::bytes, 0));
  EXPECT_FALSE(has_field(rows, Field::bytes, 1));
  EXPECT_TRUE(has_field(rows, Field::bytes, 2));
  EXPECT_EQ(f.entry(Protocol::ipfix).records.value(), 3);
}

TEST(Lists, BrokenListsAreCountedAndTheRecordKept) {
  const Writer kBroken[] = {
      Writer().u8(kAllOf).u16(483),                       // no width
      basic_list(483, 0, Writer().u32(1)),                // values of no octets
      basic_list(483, 4, Writer().u32(1).u16(2)),         // half a value
      basic_list(96, 0xffff, Writer().u8(9).u8('a')),     // a length past the end
      Writer().u8(kAllOf).u16(0x8000 | 1).u16(4).u16(9),  // half an enterprise number
  };
  for (const Writer& list : kBroken) {
    Fixture f;
    f.send(ipfix(0, Writer(ipfix_template(300, {{484, 0xffff}, {1, 8}})).add(set(300, Writer(variable(list)).u64(5)))));
    ASSERT_EQ(f.rows().rows(), 1u);
    EXPECT_EQ(number_of(f.rows(), Field::bytes), 5u);
    EXPECT_EQ(malformed(f, Malformed::short_list), 1);
  }
  const Writer kBrokenMulti[] = {
      Writer().u8(kAllOf).u16(400),                 // no length
      Writer().u8(kAllOf).u16(400).u16(3),          // shorter than its header
      Writer().u8(kAllOf).u16(400).u16(50).u32(1),  // past the end
      Writer().u8(kAllOf).u16(400).u16(8).u32(1),   // half a record
  };
  for (const Writer& list : kBrokenMulti) {
    Fixture f;
    f.send(ipfix(
        0,
        Writer(kInner).add(ipfix_template(300, {{293, 0xffff}, {1, 8}})).add(set(300, Writer(variable(list)).u64(5)))));
    EXPECT_EQ(number_of(f.rows(), Field::bytes), 5u);
    EXPECT_EQ(malformed(f, Malformed::short_list), 1);
  }
}

// A template whose list contains records of the same template, nested until the limit.
TEST(Lists, NestedListsHaveALimit) {
  Fixture f;
  Writer list = Writer().u8(kAllOf).u16(300);
  for (size_t i = 0; i < limits::kListDepth + 3; ++i)
    list = Writer().u8(kAllOf).u16(300).add(Writer().u16(80 + i)).add(variable(list));
  f.send(ipfix(
      0, Writer(ipfix_template(300, {{7, 2}, {292, 0xffff}})).add(set(300, Writer().u16(1).add(variable(list))))));
  EXPECT_EQ(f.rows().rows(), 1u);
  EXPECT_EQ(number_of(f.rows(), Field::src_port), 1u);
  EXPECT_EQ(malformed(f, Malformed::deep_list), 1);
}

TEST(Lists, ValuesOfOneFieldHaveALimit) {
  Fixture f;
  Writer values;
  for (uint32_t i = 0; i < 1000; ++i) values.u32(i);
  Writer list = variable(basic_list(483, 4, values));
  f.send(ipfix(0, Writer(ipfix_template(300, {{484, 0xffff}, {485, 0xffff}})).add(set(300, Writer(list).add(list)))));
  std::vector<uint32_t> communities = numbers_of(f.rows(), Field::bgp_communities);
  ASSERT_EQ(communities.size(), limits::kListValues);
  EXPECT_EQ(communities.back(), limits::kListValues - 1);
}

}  // namespace
}  // namespace weir
