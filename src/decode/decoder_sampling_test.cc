// SPDX-License-Identifier: Apache-2.0
// Tests the sampling rate of a record, for every place where an exporter may announce it.
#include <bit>

#include "decode/sampling.h"
#include "decode/testing/decoder_fixture.h"

namespace weir {
namespace {

const Writer kPlain = ipfix_template(258, {{1, 8}});

// The rate of a record whose template has these elements besides octetDeltaCount.
uint64_t rate_in_record(const std::vector<FieldSpec>& fields, const Writer& values) {
  Fixture f;
  std::vector<FieldSpec> all{{1, 8}};
  all.insert(all.end(), fields.begin(), fields.end());
  f.send(ipfix(0, Writer(ipfix_template(300, all)).add(set(300, Writer().u64(10).add(values)))));
  EXPECT_EQ(f.rows().rows(), 1u);
  return rate_of(f.rows());
}

// The rate of a plain record after options data for the observation domain.
uint64_t rate_from_options(const std::vector<FieldSpec>& fields, const Writer& values) {
  Fixture f;
  std::vector<FieldSpec> all{{149, 4}};
  all.insert(all.end(), fields.begin(), fields.end());
  Writer sets = ipfix_options_template(257, 1, all).add(set(257, Writer().u32(0).add(values)));
  f.send(ipfix(0, sets.add(kPlain).add(set(258, Writer().u64(10)))));
  EXPECT_EQ(f.rows().rows(), 1u);
  return rate_of(f.rows());
}

TEST(Sampling, InTheRecord) {
  EXPECT_EQ(rate_in_record({{34, 4}, {35, 1}}, Writer().u32(100).u8(1)), 100u);
  EXPECT_EQ(rate_in_record({{34, 4}}, Writer().u32(1)), 1u);
  EXPECT_EQ(rate_in_record({{50, 4}, {49, 1}}, Writer().u32(500).u8(2)), 500u);
  EXPECT_EQ(rate_in_record({{305, 4}, {306, 4}}, Writer().u32(1).u32(999)), 1000u);
  EXPECT_EQ(rate_in_record({{306, 4}, {305, 4}}, Writer().u32(999).u32(1)), 1000u);
  EXPECT_EQ(rate_in_record({{305, 4}, {306, 4}}, Writer().u32(10).u32(990)), 100u);
  EXPECT_EQ(rate_in_record({{309, 4}, {310, 4}}, Writer().u32(2).u32(512)), 256u);
  EXPECT_EQ(rate_in_record({{310, 4}, {309, 4}}, Writer().u32(512).u32(2)), 256u);
  EXPECT_EQ(rate_in_record({{311, 8}}, Writer().u64(std::bit_cast<uint64_t>(0.001))), 1000u);
  EXPECT_EQ(rate_in_record({{311, 4}}, Writer().u32(std::bit_cast<uint32_t>(0.25f))), 4u);
  // Numbers that give no valid rate: the rate is unknown.
  EXPECT_EQ(rate_in_record({{305, 4}, {306, 4}}, Writer().u32(0).u32(999)), 0u);
  EXPECT_EQ(rate_in_record({{305, 8}, {306, 8}}, Writer().u64(1).u64(UINT64_MAX)), 0u);
  EXPECT_EQ(rate_in_record({{309, 4}, {310, 4}}, Writer().u32(0).u32(512)), 0u);
  EXPECT_EQ(rate_in_record({{306, 4}}, Writer().u32(999)), 0u);
  for (double p : {0.0, -1.0, 2.0, __builtin_nan(""), 1e-300})
    EXPECT_EQ(rate_in_record({{311, 8}}, Writer().u64(std::bit_cast<uint64_t>(p))), 0u) << p;
}

TEST(Sampling, FromOptionsOfTheDomain) {
  EXPECT_EQ(rate_from_options({{34, 4}}, Writer().u32(100)), 100u);
  EXPECT_EQ(rate_from_options({{34, 4}, {50, 4}}, Writer().u32(0).u32(200)), 200u);
  EXPECT_EQ(rate_from_options({{305, 4}, {306, 4}}, Writer().u32(1).u32(999)), 1000u);
  EXPECT_EQ(rate_from_options({{305, 4}}, Writer().u32(4000)), 4000u);  // Cisco: only the interval
  EXPECT_EQ(rate_from_options({{309, 4}, {310, 4}}, Writer().u32(1).u32(64)), 64u);
  EXPECT_EQ(rate_from_options({{307, 4}, {308, 4}}, Writer().u32(100).u32(900)), 10u);
  EXPECT_EQ(rate_from_options({{311, 8}}, Writer().u64(std::bit_cast<uint64_t>(0.125))), 8u);
  EXPECT_EQ(rate_from_options({{34, 4}}, Writer().u32(0)), 0u);
  EXPECT_EQ(rate_from_options({{305, 4}, {306, 4}}, Writer().u32(0).u32(0)), 0u);
}

// IOS XR sends both pairs; the selector algorithm says which applies (RFC 5477 §8.2).
TEST(Sampling, AlgorithmSelectsThePairThatApplies) {
  auto both = [](uint16_t algorithm) {
    return rate_from_options({{305, 4}, {306, 4}, {304, 2}, {309, 4}, {310, 4}},
                             Writer().u32(1).u32(9).u16(algorithm).u32(1).u32(500));
  };
  EXPECT_EQ(both(1), 10u);
  EXPECT_EQ(both(3), 500u);
}

// NetFlow v9 options of scope Interface (RFC 3954 §6.1).
TEST(Sampling, PerInterface) {
  Fixture f;
  Writer sets = netflow9_options_template(257, {{2, 4}}, {{34, 4}, {35, 1}});
  sets.add(set(257, Writer().u32(3).u32(100).u8(1).u32(4).u32(2000).u8(1)));
  sets.add(netflow9_template(258, {{10, 4}, {14, 4}, {61, 1}}));
  sets.add(set(258, Writer().u32(3).u32(4).u8(0).u32(3).u32(4).u8(1).u32(4).u32(3).u8(0).u32(9).u32(3).u8(0)));
  f.send(netflow9(1, 1000, sets));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 4u);
  EXPECT_EQ(rate_of(rows, 0), 100u);   // input interface 3
  EXPECT_EQ(rate_of(rows, 1), 2000u);  // an egress flow, output interface 4
  EXPECT_EQ(rate_of(rows, 2), 2000u);  // input interface 4
  EXPECT_EQ(rate_of(rows, 3), 100u);   // a rate is announced for 3, not for 9
}

// softflowd: scope Interface 0 means all interfaces. IPFIX: ingressInterface as the scope.
TEST(Sampling, InterfaceZeroMeansTheWholeDomain) {
  Fixture f;
  Writer sets = netflow9_options_template(257, {{2, 4}}, {{34, 4}});
  sets.add(set(257, Writer().u32(0).u32(100))).add(netflow9_template(258, {{10, 4}})).add(set(258, Writer().u32(7)));
  f.send(netflow9(1, 1000, sets));
  EXPECT_EQ(rate_of(f.rows()), 100u);
  Fixture g;
  sets = ipfix_options_template(257, 1, {{10, 4}, {305, 4}, {306, 4}}).add(set(257, Writer().u32(7).u32(1).u32(15)));
  sets.add(ipfix_template(258, {{10, 2}})).add(set(258, Writer().u16(7)));
  g.send(ipfix(1, sets));
  EXPECT_EQ(rate_of(g.rows()), 16u);
}

TEST(Sampling, OrderOfPrecedence) {
  // Options: 20 for sampler 1, 30 for interface 3, 40 for the domain. The configuration says 50.
  Fixture f(0, {50});
  Writer sets = ipfix_options_template(256, 1, {{302, 1}, {34, 4}}).add(set(256, Writer().u8(1).u32(20)));
  sets.add(ipfix_options_template(257, 1, {{10, 4}, {34, 4}})).add(set(257, Writer().u32(3).u32(30)));
  sets.add(ipfix_options_template(258, 1, {{149, 4}, {34, 4}})).add(set(258, Writer().u32(0).u32(40)));
  sets.add(ipfix_template(300, {{34, 4}, {48, 1}, {10, 4}}));
  Writer records = Writer().u32(10).u8(1).u32(3).u32(0).u8(1).u32(3).u32(0).u8(2).u32(3).u32(0).u8(2).u32(4);
  f.send(ipfix(0, sets.add(set(300, records))));
  for (uint32_t row = 0; row < 4; ++row) EXPECT_EQ(rate_of(f.rows(), row), 10 * (row + 1)) << row;
  f.send(ipfix(7, Writer(kPlain).add(set(258, Writer().u64(1))), 9));  // another domain, without options data
  EXPECT_EQ(rate_of(f.rows()), 40u);
  f.send(netflow9(1, 0, Writer(netflow9_template(258, {{1, 4}})).add(set(258, Writer().u32(1)))));  // another protocol
  EXPECT_EQ(rate_of(f.rows()), 50u);
}

// Records of several line cards and observation points: a rate applies only to the one for which it is announced.
TEST(Sampling, OnlyForWhatTheScopeNames) {
  struct Case {
    FieldSpec scope;   // of IPFIX
    FieldSpec scope9;  // NetFlow v9's scope type (RFC 3954 §6.1)
    FieldSpec field;   // of the record
  };
  for (const Case& c :
       {Case{{141, 4}, {3, 4}, {141, 4}}, Case{{138, 8}, {0, 0}, {138, 4}}, Case{{141, 2}, {3, 2}, {141, 2}}}) {
    auto number = [](const FieldSpec& of, uint64_t n) { return Writer().put(n, of.length); };
    auto data = [&] {
      return set(300, number(c.field, 1).u32(10).add(number(c.field, 2)).u32(10).add(number(c.field, 3)).u32(10));
    };
    auto announced = [&](const FieldSpec& scope) {
      return set(400, number(scope, 1).u32(100).add(number(scope, 2)).u32(200));
    };
    Fixture before, after, nine;
    const Writer options = ipfix_options_template(400, 1, {c.scope, {34, 4}}),
                 flows = ipfix_template(300, {c.field, {1, 4}});
    before.send(ipfix(0, Writer(options).add(announced(c.scope)).add(flows).add(data())));
    after.send(ipfix(0, Writer(flows).add(data()).add(options).add(announced(c.scope))));
    EXPECT_EQ(rate_of(after.rows(), 0), 0u);
    after.send(ipfix(5, data()));
    for (Fixture* f : {&before, &after})
      for (uint32_t row = 0; row < 3; ++row)
        EXPECT_EQ(rate_of(f->rows(), row), row == 2 ? 0 : 100 * (row + 1)) << c.scope.id;
    if (c.scope9.id == 0) continue;
    Writer sets = netflow9_options_template(400, {c.scope9}, {{34, 4}}).add(announced(c.scope9));
    nine.send(netflow9(1, 0, sets.add(netflow9_template(300, {c.field, {1, 4}})).add(data())));
    for (uint32_t row = 0; row < 3; ++row) EXPECT_EQ(rate_of(nine.rows(), row), row == 2 ? 0 : 100 * (row + 1));
  }
}

TEST(Sampling, OnlyForTheTemplateThatTheScopeNames) {
  auto announced = [] { return set(400, Writer().u16(300).u32(100).u16(302).u32(7)); };
  auto data = [] { return Writer(set(300, Writer().u32(1))).add(set(301, Writer().u32(2))); };
  Fixture nine, ten, after, domain;
  Writer flows9 = netflow9_template(300, {{1, 4}}).add(netflow9_template(301, {{1, 4}}));
  Writer flows = ipfix_template(300, {{1, 4}}).add(ipfix_template(301, {{1, 4}}));
  const Writer options = ipfix_options_template(400, 1, {{145, 2}, {34, 4}});
  nine.send(
      netflow9(1, 0, netflow9_options_template(400, {{5, 2}}, {{34, 4}}).add(announced()).add(flows9).add(data())));
  ten.send(ipfix(0, Writer(options).add(announced()).add(flows).add(data())));
  after.send(ipfix(0, Writer(flows).add(options).add(announced())));
  after.send(ipfix(2, data()));
  for (Fixture* f : {&nine, &ten, &after}) {
    EXPECT_EQ(rate_of(f->rows(), 0), 100u);
    EXPECT_EQ(rate_of(f->rows(), 1), 0u);
  }
  // If there is also a rate for the whole domain, the template's takes precedence.
  Writer whole = ipfix_options_template(401, 1, {{149, 4}, {34, 4}}).add(set(401, Writer().u32(0).u32(50)));
  domain.send(ipfix(0, Writer(options).add(announced()).add(whole).add(flows).add(data())));
  EXPECT_EQ(rate_of(domain.rows(), 0), 100u);
  EXPECT_EQ(rate_of(domain.rows(), 1), 50u);
}

// A template id that is not a scope does not limit what the rate applies to.
TEST(Sampling, OnlyScopesNarrowARate) {
  Fixture f;
  Writer sets = ipfix_options_template(400, 1, {{149, 4}, {145, 2}, {34, 4}});
  f.send(ipfix(0, sets.add(set(400, Writer().u32(0).u16(999).u32(64))).add(kPlain).add(set(258, Writer().u64(1)))));
  EXPECT_EQ(rate_of(f.rows()), 64u);
}

// For an interface without an announced rate, the configured rate applies; a record that names no interface has the
// rate announced last.
TEST(Sampling, InterfacesWithoutAnAnnouncedRate) {
  Fixture f(0, {50});
  Writer sets = ipfix_options_template(400, 1, {{10, 4}, {34, 4}}).add(set(400, Writer().u32(7).u32(100)));
  sets.add(ipfix_template(300, {{10, 4}, {1, 4}})).add(ipfix_template(301, {{1, 4}}));
  f.send(ipfix(0, sets.add(set(300, Writer().u32(9).u32(1).u32(0).u32(1))).add(set(301, Writer().u32(1)))));
  EXPECT_EQ(rate_of(f.rows(), 0), 50u);
  EXPECT_EQ(rate_of(f.rows(), 1), 100u);
  EXPECT_EQ(rate_of(f.rows(), 2), 100u);
}

TEST(Sampling, OptionsDataApplyToLaterRecords) {
  Fixture f;
  Writer record = set(258, Writer().u32(1).u8(5));
  auto options = [](uint32_t rate) { return set(257, Writer().u32(0).u8(5).u32(rate)); };
  Writer sets = netflow9_options_template(257, {{1, 4}}, {{48, 1}, {50, 4}});
  sets.add(netflow9_template(258, {{1, 4}, {48, 1}})).add(record);
  f.send(netflow9(1, 0, sets));
  EXPECT_EQ(rate_of(f.rows()), 0u);
  f.send(netflow9(2, 0, Writer(options(100)).add(record).add(options(200)).add(record)));
  EXPECT_EQ(rate_of(f.rows(), 0), 100u);
  EXPECT_EQ(rate_of(f.rows(), 1), 200u);
  f.send(netflow9(3, 0, Writer(options(0)).add(record)));  // sampling was turned off
  EXPECT_EQ(rate_of(f.rows()), 0u);
}

TEST(Sampling, OptionsDataAboveTheLimitAreCounted) {
  Fixture f;
  f.send(ipfix(0, ipfix_options_template(257, 1, {{302, 4}, {34, 4}})));
  Writer records;
  for (uint32_t i = 0; i <= limits::kSamplersPerSession + 9; ++i) records.u32(i).u32(7);
  f.send(ipfix(0, set(257, records)));
  const LedgerEntry& entry = f.entry(Protocol::ipfix);
  EXPECT_EQ(entry.refused_by_reason[static_cast<size_t>(Refused::options_full)].value(), 10);
}

}  // namespace
}  // namespace weir
