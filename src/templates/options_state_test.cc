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
  EXPECT_EQ(state.tell({Kind::sampler_rate, 2, 100, {}}), Told::changed);
  EXPECT_EQ(state.tell({Kind::sampler_rate, 1, 1000, {}}), Told::changed);
  EXPECT_EQ(state.tell({Kind::sampler_rate, 2, 100, {}}), Told::nothing_new);
  EXPECT_EQ(state.tell({Kind::interface_rate, 2, 64, {}}), Told::changed);
  EXPECT_EQ(state.sampler_rate(1), 1000u);
  EXPECT_EQ(state.sampler_rate(2), 100u);
  EXPECT_EQ(state.sampler_rate(3), 0u);
  EXPECT_EQ(state.interface_rate(2), 64u);
  EXPECT_EQ(state.domain_rate(), 64u);  // the last one told
  state.tell({Kind::sampler_rate, OptionsFact::kNoSampler, 7, {}});
  state.tell({Kind::sampler_rate, 1, 2000, {}});
  EXPECT_EQ(state.domain_rate(), 7u);  // told for the domain
}

TEST(OptionsState, ARateOfZeroTakesBack) {
  OptionsState state;
  state.tell({Kind::sampler_rate, 1, 1000, {}});
  state.tell({Kind::sampler_rate, 1, 0, {}});
  EXPECT_FALSE(state.has_sampler_rates());
  EXPECT_EQ(state.domain_rate(), 0u);
  EXPECT_TRUE(state.empty());
  EXPECT_EQ(state.tell({Kind::sampler_rate, 1, 0, {}}), Told::nothing_new);
}

TEST(OptionsState, NamesAreReplacedTakenBackAndCut) {
  OptionsState state;
  for (uint64_t i = 0; i < 100; ++i)
    for (int round = 0; round < 10; ++round)
      state.tell({Kind::interface_name, 100 - i, 0, "Gi0/" + std::to_string(i) + "." + std::to_string(round)});
  EXPECT_EQ(state.interface_names().size(), 100u);
  EXPECT_EQ(state.interface_names().find(100), "Gi0/0.9");
  EXPECT_EQ(state.interface_names().find(1), "Gi0/99.9");
  EXPECT_EQ(state.interface_names().find(101), "");
  EXPECT_LT(state.bytes(), 100 * 16 + 2 * 100 * 9u);  // what was replaced does not pile up
  state.tell({Kind::interface_name, 50, 0, {}});
  EXPECT_EQ(state.interface_names().find(50), "");
  EXPECT_EQ(state.interface_names().size(), 99u);
  state.tell({Kind::vrf_name, 0, 0, std::string(1000, 'v')});
  EXPECT_EQ(state.vrf_names().find(0), std::string(limits::kNameOctets, 'v'));
  EXPECT_TRUE(state.knows({Kind::vrf_name, 0, 0, std::string(1000, 'v')}));
}

TEST(OptionsState, TablesAreBounded) {
  OptionsState state;
  for (uint64_t i = 0; i < limits::kNamesPerSession; ++i)
    ASSERT_EQ(state.tell({Kind::application_name, i, 0, "a"}), Told::changed);
  EXPECT_EQ(state.tell({Kind::application_name, UINT64_MAX, 0, "a"}), Told::full);
  EXPECT_EQ(state.tell({Kind::application_name, 5, 0, "b"}), Told::changed);
  for (uint64_t i = 0; i < limits::kSamplersPerSession; ++i)
    ASSERT_EQ(state.tell({Kind::interface_rate, i, 1, {}}), Told::changed);
  EXPECT_EQ(state.tell({Kind::interface_rate, UINT64_MAX, 1, {}}), Told::full);
}

TEST(OptionsState, ItsFactsMakeItAgain) {
  OptionsState state, again;
  for (uint64_t id : {5, 1, 9}) state.tell({Kind::sampler_rate, id, id * 100, {}});
  state.tell({Kind::interface_rate, 4, 70, {}});
  state.tell({Kind::sampler_rate, 1, 300, {}});  // told last, though not first by number
  state.tell({Kind::system_init, 0, 123, {}});
  state.tell({Kind::vrf_name, 6, 0, "red"});
  state.for_each([&](const OptionsFact& fact) { again.tell(fact); });
  EXPECT_EQ(again.domain_rate(), 300u);
  EXPECT_EQ(again.sampler_rate(9), 900u);
  EXPECT_EQ(again.interface_rate(4), 70u);
  EXPECT_EQ(again.system_init_ms(), 123u);
  EXPECT_EQ(again.vrf_names().find(6), "red");
  EXPECT_EQ(again.bytes(), state.bytes());
}

}  // namespace
}  // namespace weir
