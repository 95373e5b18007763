// SPDX-License-Identifier: Apache-2.0
#include "templates/store.h"
#include "base/time_units.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "templates/testing/store_fixture.h"

namespace weir {
namespace {

SessionKey key(uint16_t port, const char* exporter = "192.0.2.1") {
  return {*IpAddress::parse(exporter), port, Protocol::netflow9, 0};
}

HeldSet held(const SessionKey& session, uint16_t id, size_t bytes, int64_t since = 0) {
  return {session, id, since, {}, std::vector<uint8_t>(bytes)};
}

TemplateStoreConfig small() {
  TemplateStoreConfig config;
  config.hold = {30 * kSecond, 4096, 16384};
  config.fallback_after_ns = 10 * kSecond;
  return config;
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    char name[] = "/tmp/weir-store-XXXXXX";
    path = mkdtemp(name);
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
  std::string path;
};

TEST(TemplateStore, InstallReleasesHeldSetsInOrder) {
  TemplateStore store(small());
  auto session = store.session(key(1));
  std::vector<HeldSet> dropped;
  for (size_t n : {8, 16, 24}) EXPECT_EQ(store.hold(held(key(1), 256, n), dropped).plan, nullptr);
  store.hold(held(key(1), 257, 8), dropped);
  uint32_t version = session->version();
  auto installed = store.install(*session, v9_template(256, {{1, 4}, {2, 4}}), {}, 0);
  ASSERT_EQ(installed.released.size(), 3u);
  EXPECT_EQ(installed.released[0].body.size(), 8u);
  EXPECT_EQ(installed.released[2].body.size(), 24u);
  EXPECT_NE(session->version(), version);
  EXPECT_EQ(store.plans(*session)->find(256)->record_length, 8u);
  EXPECT_EQ(store.plans(*session)->find(257), nullptr);
}

TEST(TemplateStore, TheSameTemplateAgainChangesNothing) {
  TemplateStore store(small());
  auto session = store.session(key(1));
  EXPECT_TRUE(store.install(*session, v9_template(256, {{1, 4}}), {}, 0).changed);
  uint32_t version = session->version();
  EXPECT_FALSE(store.install(*session, v9_template(256, {{1, 4}}), {}, 0).changed);
  EXPECT_EQ(session->version(), version);
  EXPECT_TRUE(store.install(*session, v9_template(256, {{1, 8}}), {}, 0).changed);
  EXPECT_EQ(store.template_count(), 1u);
}

TEST(TemplateStore, HoldReturnsThePlanThatArrivedInTheMeantime) {
  TemplateStore store(small());
  store.install(*store.session(key(1)), v9_template(256, {{1, 4}}), {}, 0);
  std::vector<HeldSet> dropped;
  EXPECT_NE(store.hold(held(key(1), 256, 8), dropped).plan, nullptr);
}

TEST(TemplateStore, FallbackAfterTheWaitAndOnlyIfItFits) {
  TemplateStore store(small());
  store.install(*store.session(key(1)), v9_template(256, {{1, 4}, {2, 4}}), {}, 0);
  std::vector<HeldSet> dropped;
  store.hold(held(key(2), 256, 16), dropped);  // two records
  store.hold(held(key(3), 256, 20), dropped);  // two and a half
  EXPECT_TRUE(store.take_fallbacks(9 * kSecond).empty());
  auto fallbacks = store.take_fallbacks(10 * kSecond);
  ASSERT_EQ(fallbacks.size(), 1u);
  EXPECT_EQ(fallbacks[0].sets[0].session.port, 2);
}

TEST(TemplateStore, NoFallbackIfTwoLayoutsAreKnown) {
  TemplateStore store(small());
  store.install(*store.session(key(1)), v9_template(256, {{1, 4}, {2, 4}}), {}, 0);
  store.install(*store.session(key(2)), v9_template(256, {{2, 4}, {1, 4}}), {}, 0);
  std::vector<HeldSet> dropped;
  store.hold(held(key(3), 256, 16), dropped);
  EXPECT_TRUE(store.take_fallbacks(60 * kSecond).empty());
}

TEST(TemplateStore, NoFallbackToAnotherExporterOrDomain) {
  TemplateStore store(small());
  store.install(*store.session(key(1)), v9_template(256, {{1, 4}}), {}, 0);
  std::vector<HeldSet> dropped;
  store.hold(held(key(2, "192.0.2.9"), 256, 16), dropped);
  SessionKey other_domain = key(2);
  other_domain.domain = 7;
  store.hold(held(other_domain, 256, 16), dropped);
  EXPECT_TRUE(store.take_fallbacks(60 * kSecond).empty());
}

TEST(TemplateStore, HeldSetsExpireAndAreBounded) {
  TemplateStore store(small());
  std::vector<HeldSet> dropped;
  for (int i = 0; i < 10; ++i) store.hold(held(key(1), 256, 1000 - HeldSets::kOverhead, i * kSecond), dropped);
  EXPECT_EQ(dropped.size(), 6u);  // 4096 octets per exporter hold four
  EXPECT_EQ(dropped[0].held_since_ns, 0);
  EXPECT_EQ(store.take_expired(37 * kSecond).size(), 1u);  // held since 6 s
  EXPECT_EQ(store.take_all_held().size(), 3u);
}

TEST(TemplateStore, OverTheTotalTheLargestHolderLoses) {
  TemplateStore store(small());
  std::vector<HeldSet> dropped;
  for (int i = 0; i < 4; ++i) store.hold(held(key(1), 256, 1000 - HeldSets::kOverhead), dropped);
  for (int e = 2; e < 30; ++e)
    store.hold(held(key(1, ("192.0.2." + std::to_string(e)).c_str()), 256, 1000 - HeldSets::kOverhead), dropped);
  ASSERT_FALSE(dropped.empty());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(dropped[static_cast<size_t>(i)].session.exporter, key(1).exporter);
}

TEST(TemplateStore, CapsPerExporterAndInAll) {
  TemplateStoreConfig config = small();
  config.max_templates_per_exporter = 3;
  config.max_templates = 4;
  TemplateStore store(config);
  for (uint16_t id = 256; id < 259; ++id)
    EXPECT_FALSE(store.install(*store.session(key(1)), v9_template(id, {{1, 4}}), {}, 0).refused);
  store.session(key(1))->gave_record();
  auto refused = store.install(*store.session(key(2)), v9_template(300, {{1, 4}}), {}, 0);
  EXPECT_EQ(refused.refused, Refused::exporter_templates_full);
  for (uint16_t id : {256, 257})
    refused = store.install(*store.session(key(1, "192.0.2.2")), v9_template(id, {{1, 4}}), {}, 0);
  EXPECT_FALSE(refused.refused) << "two of four are a fair share";
  ASSERT_EQ(refused.forgotten.size(), 1u);
  EXPECT_EQ(refused.forgotten[0].session.exporter, key(1).exporter) << "that has three of four";
}

TEST(TemplateStore, AnExporterWithAFairShareGetsNoMoreWhenFull) {
  TemplateStoreConfig config = small();
  config.max_templates = 4;
  TemplateStore store(config);
  for (uint16_t id = 256; id < 260; ++id)
    EXPECT_FALSE(store.install(*store.session(key(1)), v9_template(id, {{1, 4}}), {}, 0).refused);
  EXPECT_EQ(store.install(*store.session(key(1)), v9_template(260, {{1, 4}}), {}, 0).refused, Refused::templates_full);
}

TEST(TemplateStore, TheJournalRestoresEverything) {
  TemporaryDirectory directory;
  TemplateStoreConfig config = small();
  config.journal_path = directory.path + "/templates.journal";
  {
    TemplateStore store(config);
    auto session = store.session(key(1));
    store.install(*session, v9_template(256, {{1, 4}}), {}, 0);
    store.install(*session, v9_template(256, {{1, 8}}), {}, 0);  // the last one counts
    store.install(*session, v9_template(257, {{8, 4}, {12, 4}}), {}, 0);
    using Kind = OptionsFact::Kind;
    const OptionsFact facts[] = {{Kind::sampler_rate, 7, 512, {}},
                                 {Kind::interface_rate, 3, 100, {}},
                                 {Kind::sampler_rate, 8, 1, {}},
                                 {Kind::sampler_rate, 8, 0, {}},
                                 {Kind::interface_name, 3, 0, "Gi0/3"},
                                 {Kind::interface_name, 3, 0, "Gi0/0/3"},
                                 {Kind::vrf_name, 0x60000000, 0, "default"},
                                 {Kind::application_name, 0x0d000001, 0, "dns"},
                                 {Kind::system_init, 0, 1'700'000'000'000, {}}};
    EXPECT_EQ(store.apply(*session, facts), 0u);
  }
  TemplateStore store(config);
  auto plans = store.plans(*store.session(key(1)));
  ASSERT_NE(plans->find(256), nullptr);
  EXPECT_EQ(plans->find(256)->record_length, 8u);
  EXPECT_EQ(plans->find(257)->record_length, 8u);
  const OptionsState& options = *plans->options;
  EXPECT_EQ(options.rate(RateScope::sampler, 7), 512u);
  EXPECT_EQ(options.rate(RateScope::sampler, 8), 0u);  // withdrawn
  EXPECT_EQ(options.rate(RateScope::interface, 3), 100u);
  EXPECT_EQ(options.interface_names().find(3), "Gi0/0/3");
  EXPECT_EQ(options.vrf_names().find(0x60000000), "default");
  EXPECT_EQ(options.application_names().find(0x0d000001), "dns");
  EXPECT_EQ(options.system_init_ms(), 1'700'000'000'000u);
}

TEST(TemplateStore, RepeatedOptionsDataChangesNothing) {
  TemporaryDirectory directory;
  TemplateStoreConfig config = small();
  config.journal_path = directory.path + "/templates.journal";
  TemplateStore store(config);
  auto session = store.session(key(1));
  const OptionsFact facts[] = {{OptionsFact::Kind::interface_name, 3, 0, "Gi0/3"},
                               {OptionsFact::Kind::sampler_rate, 1, 100, {}},
                               {OptionsFact::Kind::sampler_rate, OptionsFact::kNoSampler, 10, {}}};
  store.apply(*session, facts);
  uint32_t version = session->version();
  auto size = std::filesystem::file_size(config.journal_path);
  store.apply(*session, facts);
  EXPECT_EQ(session->version(), version);
  EXPECT_EQ(std::filesystem::file_size(config.journal_path), size);
}

TEST(TemplateStore, OptionsAreBoundedInTotal) {
  TemplateStoreConfig config = small();
  config.max_options_bytes = 1000;
  TemplateStore store(config);
  std::string name(100, 'x');
  size_t refused = 0;
  for (uint16_t port = 1; port <= 20; ++port) {
    const OptionsFact fact{OptionsFact::Kind::interface_name, port, 0, name};
    refused += store.apply(*store.session(key(port)), {&fact, 1});
  }
  EXPECT_EQ(refused, 11u);  // each takes 116 octets: the ninth passes 1,000 and is the last
  const OptionsFact gone{OptionsFact::Kind::interface_name, 1, 0, {}};
  EXPECT_EQ(store.apply(*store.session(key(1)), {&gone, 1}), 0u);  // withdrawing is always possible
}

TEST(TemplateStore, ATornJournalKeepsItsWholeEntries) {
  TemporaryDirectory directory;
  TemplateStoreConfig config = small();
  config.journal_path = directory.path + "/templates.journal";
  {
    TemplateStore store(config);
    for (uint16_t id = 256; id < 266; ++id) store.install(*store.session(key(1)), v9_template(id, {{1, 4}}), {}, 0);
  }
  auto size = std::filesystem::file_size(config.journal_path);
  std::filesystem::resize_file(config.journal_path, size - 5);
  {
    TemplateStore store(config);
    EXPECT_EQ(store.template_count(), 9u);
    store.install(*store.session(key(1)), v9_template(265, {{1, 4}}), {}, 0);
  }
  TemplateStore store(config);
  EXPECT_EQ(store.template_count(), 10u);
}

TEST(TemplateStore, AnotherFileIsNotAcceptedAsJournal) {
  TemporaryDirectory directory;
  TemplateStoreConfig config = small();
  config.journal_path = directory.path + "/templates.journal";
  std::ofstream(config.journal_path) << "something else altogether";
  EXPECT_ANY_THROW(TemplateStore{config});
  EXPECT_EQ(std::filesystem::file_size(config.journal_path), 25u);  // untouched
}

}  // namespace
}  // namespace weir
