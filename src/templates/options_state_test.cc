// SPDX-License-Identifier: Apache-2.0
#include "templates/options_state.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace weir {
namespace {

using Kind = OptionsFact::Kind;

TEST(OptionsState, RatesBySamplerInterfaceAndDomain) {
  OptionsState state;
  EXPECT_TRUE(state.empty());
  EXPECT_EQ(state.apply({Kind::sampler_rate, 2, 100, {}}), OptionsChange::changed);
  EXPECT_EQ(state.apply({Kind::sampler_rate, 1, 1000, {}}), OptionsChange::changed);
  EXPECT_EQ(state.apply({Kind::sampler_rate, 2, 100, {}}), OptionsChange::nothing_new);
  EXPECT_EQ(state.apply({Kind::interface_rate, 2, 64, {}}), OptionsChange::changed);
  EXPECT_EQ(state.rate(RateScope::sampler, 1), 1000u);
  EXPECT_EQ(state.rate(RateScope::sampler, 2), 100u);
  EXPECT_EQ(state.rate(RateScope::sampler, 3), 0u);
  EXPECT_EQ(state.rate(RateScope::interface, 2), 64u);
  EXPECT_EQ(state.domain_rate(), 0u);
  EXPECT_EQ(state.last_rate(), 64u);
  state.apply({Kind::sampler_rate, OptionsFact::kNoSampler, 7, {}});
  state.apply({Kind::sampler_rate, 1, 2000, {}});
  EXPECT_EQ(state.domain_rate(), 7u);  // announced for the domain
}

TEST(OptionsState, ARateOfZeroWithdraws) {
  OptionsState state;
  state.apply({Kind::sampler_rate, 1, 1000, {}});
  state.apply({Kind::sampler_rate, 1, 0, {}});
  EXPECT_FALSE(state.has_any_rate());
  EXPECT_EQ(state.last_rate(), 0u);
  EXPECT_TRUE(state.empty());
  EXPECT_EQ(state.apply({Kind::sampler_rate, 1, 0, {}}), OptionsChange::nothing_new);
}

TEST(OptionsState, NamesAreReplacedWithdrawnAndTruncated) {
  OptionsState state;
  for (uint64_t i = 0; i < 100; ++i)
    for (int round = 0; round < 10; ++round)
      state.apply({Kind::interface_name, 100 - i, 0, "Gi0/" + std::to_string(i) + "." + std::to_string(round)});
  EXPECT_EQ(state.interface_names().size(), 100u);
  EXPECT_EQ(state.interface_names().find(100), "Gi0/0.9");
  EXPECT_EQ(state.interface_names().find(1), "Gi0/99.9");
  EXPECT_EQ(state.interface_names().find(101), "");
  EXPECT_LT(state.bytes(), 100 * 16 + 2 * 100 * 9u);  // replaced names do not pile up
  state.apply({Kind::interface_name, 50, 0, {}});
  EXPECT_EQ(state.interface_names().find(50), "");
  EXPECT_EQ(state.interface_names().size(), 99u);
  state.apply({Kind::vrf_name, 0, 0, std::string(1000, 'v')});
  EXPECT_EQ(state.vrf_names().find(0), std::string(limits::kNameOctets, 'v'));
  EXPECT_TRUE(state.knows({Kind::vrf_name, 0, 0, std::string(1000, 'v')}));
}

TEST(OptionsState, TablesAreBounded) {
  OptionsState state;
  for (uint64_t i = 0; i < limits::kNamesPerSession; ++i)
    ASSERT_EQ(state.apply({Kind::application_name, i, 0, "a"}), OptionsChange::changed);
  EXPECT_EQ(state.apply({Kind::application_name, UINT64_MAX, 0, "a"}), OptionsChange::full);
  EXPECT_EQ(state.apply({Kind::application_name, 5, 0, "b"}), OptionsChange::changed);
  for (uint64_t i = 0; i < limits::kSamplersPerSession; ++i)
    ASSERT_EQ(state.apply({Kind::interface_rate, i, 1, {}}), OptionsChange::changed);
  EXPECT_EQ(state.apply({Kind::interface_rate, UINT64_MAX, 1, {}}), OptionsChange::full);
}

TEST(OptionsState, ItsFactsReproduceIt) {
  OptionsState state, again;
  for (uint64_t id : {5, 1, 9}) state.apply({Kind::sampler_rate, id, id * 100, {}});
  state.apply({Kind::interface_rate, 4, 70, {}});
  state.apply({Kind::sampler_rate, 1, 300, {}});  // announced last, though not last by number
  state.apply({Kind::system_init, 0, 123, {}});
  state.apply({Kind::vrf_name, 6, 0, "red"});
  state.apply({Kind::template_rate, 256, 10, {}});
  state.apply({Kind::line_card_rate, 2, 20, {}});
  state.apply({Kind::point_rate, 3, 30, {}});
  state.apply({Kind::domain_rate, 8, 40, {}});
  const std::string dns("20:12356:16\0DNS", 15);
  state.apply({Kind::long_application, 0, 0, dns});
  state.for_each([&](const OptionsFact& fact) { again.apply(fact); });
  EXPECT_EQ(again.last_rate(), 300u);
  EXPECT_EQ(again.rate(RateScope::sampler, 9), 900u);
  EXPECT_EQ(again.rate(RateScope::interface, 4), 70u);
  EXPECT_EQ(again.system_init_ms(), 123u);
  EXPECT_EQ(again.vrf_names().find(6), "red");
  EXPECT_EQ(again.rate(RateScope::template_id, 256), 10u);
  EXPECT_EQ(again.rate(RateScope::line_card, 2), 20u);
  EXPECT_EQ(again.rate(RateScope::point, 3), 30u);
  EXPECT_EQ(again.rate(RateScope::domain, 8), 40u);
  EXPECT_EQ(again.long_application_name("20:12356:16"), "DNS");
  EXPECT_EQ(again.bytes(), state.bytes());
}

// A rate with a narrower scope says nothing about other records (RFC 7011 §3.4.2.1).
TEST(OptionsState, RatesOfPartsOfTheDomainAreNotTheDomains) {
  OptionsState state;
  for (Kind kind : {Kind::template_rate, Kind::line_card_rate, Kind::point_rate, Kind::domain_rate})
    state.apply({kind, 5, 100, {}});
  EXPECT_EQ(state.domain_rate(), 0u);
  EXPECT_EQ(state.last_rate(), 0u);
  EXPECT_TRUE(state.has_any_rate());
  for (Kind kind : {Kind::template_rate, Kind::line_card_rate, Kind::point_rate}) state.apply({kind, 5, 0, {}});
  EXPECT_FALSE(state.has_any_rate());  // a rate of another domain is not one of this domain
}

TEST(OptionsState, NamesOfLongApplicationsAreReplacedAndWithdrawn) {
  using namespace std::string_literals;
  OptionsState state;
  EXPECT_EQ(state.apply({Kind::long_application, 0, 0, "20:12356:16\0DNS"s}), OptionsChange::changed);
  EXPECT_EQ(state.apply({Kind::long_application, 0, 0, "20:12356:16\0DNS"s}), OptionsChange::nothing_new);
  EXPECT_TRUE(state.knows({Kind::long_application, 0, 0, "20:12356:16\0DNS"s}));
  EXPECT_EQ(state.long_application_name("20:12356:1"), "");
  state.apply({Kind::long_application, 0, 0, "20:12356:16\0Domain"s});
  EXPECT_EQ(state.long_application_name("20:12356:16"), "Domain");
  state.apply({Kind::long_application, 0, 0, "20:12356:16\0"s});
  EXPECT_EQ(state.long_application_name("20:12356:16"), "");
  EXPECT_TRUE(state.empty());
}

TEST(OptionsState, AgreesIfItHasTheSameValueOrNone) {
  using namespace std::string_literals;
  OptionsState state;
  state.apply({Kind::interface_rate, 1, 100, {}});
  state.apply({Kind::interface_name, 1, 0, "eth1"});
  state.apply({Kind::long_application, 0, 0, "20:1:2\0x"s});
  EXPECT_TRUE(state.agrees({Kind::interface_rate, 1, 100, {}}));
  EXPECT_TRUE(state.agrees({Kind::interface_rate, 2, 7, {}}));
  EXPECT_TRUE(state.agrees({Kind::sampler_rate, OptionsFact::kNoSampler, 7, {}}));
  EXPECT_FALSE(state.agrees({Kind::interface_rate, 1, 101, {}}));
  EXPECT_FALSE(state.agrees({Kind::interface_name, 1, 0, "eth2"}));
  EXPECT_FALSE(state.agrees({Kind::long_application, 0, 0, "20:1:2\0y"s}));
  EXPECT_TRUE(state.agrees({Kind::long_application, 0, 0, "20:1:3\0y"s}));
}

}  // namespace
}  // namespace weir
