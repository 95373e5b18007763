// SPDX-License-Identifier: Apache-2.0
// Tests records that have octet and packet counters twice: IE 1 and 2, and IE 23 and 24.
#include "decode/counter_pairs.h"

#include "decode/testing/decoder_fixture.h"

namespace weir {
namespace {

struct Counters {
  uint64_t bytes, packets, reverse_bytes, reverse_packets;
  bool operator==(const Counters&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Counters& c) {
  return out << c.bytes << " " << c.packets << " reverse " << c.reverse_bytes << " " << c.reverse_packets;
}

DecoderConfig rules(PostCounters rule) {
  DecoderConfig config;
  config.exporters = std::make_shared<ExporterRules>(std::vector<ExporterRule>{
      {*IpAddress::parse("192.0.0.0"), 8, PostCounters::by_value}, {*IpAddress::parse("192.0.2.0"), 24, rule}});
  return config;
}

Counters counters_of(const FlowBatch& rows, uint32_t row = 0) {
  return {number_of(rows, Field::bytes, row), number_of(rows, Field::packets, row),
          number_of(rows, Field::reverse_bytes, row), number_of(rows, Field::reverse_packets, row)};
}

// The counters of one record, decoded as v9 and IPFIX, with fixed and variable length; all must be the same.
Counters decoded(uint32_t bytes, uint32_t packets, uint32_t post_bytes, uint32_t post_packets,
                 PostCounters rule = PostCounters::by_value) {
  Fixture nine(0, rules(rule)), ten(0, rules(rule)), variable(0, rules(rule));
  const Writer record = Writer().u32(bytes).u64(post_bytes).u32(packets).u16(post_packets);
  const std::vector<FieldSpec> fields{{1, 4}, {23, 8}, {2, 4}, {24, 2}};
  nine.send(netflow9(1, 0, netflow9_template(300, fields).add(set(300, record))));
  ten.send(ipfix(0, ipfix_template(300, fields).add(set(300, record))));
  std::vector<FieldSpec> with_text = fields;
  with_text.push_back({82, 0xffff});
  variable.send(ipfix(0, ipfix_template(300, with_text).add(set(300, Writer(record).u8(1).u8('x')))));
  const Counters found = counters_of(nine.rows());
  EXPECT_EQ(counters_of(ten.rows()), found);
  EXPECT_EQ(counters_of(variable.rows()), found);
  return found;
}

TEST(CounterPairs, DifferentPostCountersAreTheOtherDirection) {
  EXPECT_EQ(decoded(1000, 10, 500'000, 400), (Counters{1000, 10, 500'000, 400}));
  EXPECT_EQ(decoded(60, 1, 1500, 1), (Counters{60, 1, 1500, 1})) << "one of them differs: both are the other's";
  EXPECT_EQ(decoded(60, 1, 0, 0), (Counters{60, 1, 0, 0}));
}

TEST(CounterPairs, EqualPostCountersAreIgnored) { EXPECT_EQ(decoded(100, 2, 100, 2), (Counters{100, 2, 0, 0})); }

TEST(CounterPairs, PostCountersAreTheCountersIfTheOthersAreZero) {
  for (PostCounters rule : {PostCounters::by_value, PostCounters::reverse, PostCounters::ignore})
    EXPECT_EQ(decoded(0, 0, 100, 2, rule), (Counters{100, 2, 0, 0}));
  Fixture f;
  Writer sets = netflow9_template(300, {{23, 4}, {24, 4}}).add(set(300, Writer().u32(100).u32(2)));
  f.send(netflow9(1, 0, sets));
  EXPECT_EQ(counters_of(f.rows()), (Counters{100, 2, 0, 0}));
}

TEST(CounterPairs, AsConfigured) {
  EXPECT_EQ(decoded(100, 2, 100, 2, PostCounters::reverse), (Counters{100, 2, 100, 2}));
  EXPECT_EQ(decoded(1000, 10, 500, 4, PostCounters::ignore), (Counters{1000, 10, 0, 0}));
}

TEST(CounterPairs, ReverseElementsTakePrecedence) {
  Fixture f;
  Writer sets = ipfix_template(300, {{1, 4}, {23, 4}, {1, 4, 29305}, {2, 4}, {24, 4}});
  f.send(ipfix(0, sets.add(set(300, Writer().u32(10).u32(20).u32(30).u32(1).u32(2)))));
  EXPECT_EQ(counters_of(f.rows()), (Counters{10, 1, 30, 2}));
}

TEST(CounterPairs, DecidedForEachRecord) {
  Fixture f;
  Writer sets = netflow9_template(300, {{1, 4}, {23, 4}});
  f.send(netflow9(1, 0, sets.add(set(300, Writer().u32(5).u32(5).u32(0).u32(7).u32(8).u32(9)))));
  EXPECT_EQ(counters_of(f.rows(), 0), (Counters{5, 0, 0, 0}));
  EXPECT_EQ(counters_of(f.rows(), 1), (Counters{7, 0, 0, 0}));
  EXPECT_EQ(counters_of(f.rows(), 2), (Counters{8, 0, 9, 0}));
}

TEST(ExporterRules, LongestPrefixApplies) {
  const ExporterRules rules({{*IpAddress::parse("10.0.0.0"), 8, PostCounters::ignore},
                             {*IpAddress::parse("10.1.0.0"), 16, PostCounters::reverse},
                             {*IpAddress::parse("2001:db8::"), 32, PostCounters::reverse},
                             {*IpAddress::parse("::"), 0, PostCounters::ignore}});
  auto of = [&](const char* address) { return rules.post_counters(*IpAddress::parse(address)); };
  EXPECT_EQ(of("10.1.2.3"), PostCounters::reverse);
  EXPECT_EQ(of("10.2.2.3"), PostCounters::ignore);
  EXPECT_EQ(of("11.1.2.3"), PostCounters::by_value) << "::/0 is IPv6";
  EXPECT_EQ(of("2001:db8::1"), PostCounters::reverse);
  EXPECT_EQ(of("2001:db9::1"), PostCounters::ignore);
}

}  // namespace
}  // namespace weir
