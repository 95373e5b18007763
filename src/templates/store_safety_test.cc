// SPDX-License-Identifier: Apache-2.0
// The template store across restarts of exporters, changes of layouts, age, and attacks on its memory.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/time_units.h"
#include "templates/store.h"
#include "templates/testing/store_fixture.h"

namespace weir {
namespace {

const std::vector<std::pair<uint16_t, uint16_t>> kOld = {{1, 4}, {2, 4}}, kNew = {{2, 4}, {1, 4}},
                                                 kLong = {{1, 8}, {2, 8}};

SessionKey key(uint16_t port, IpAddress exporter = IpAddress::v4(0xc0000201)) {
  return {exporter, port, Protocol::netflow9, 0};
}
SetContext at(uint32_t sequence, uint32_t boot = 0, uint32_t offset = 0) {
  SetContext context;
  context.sequence = sequence;
  context.uptime_ms = 1000 * sequence;
  context.export_ns = sequence * kSecond;
  context.received_ns = sequence * kSecond;
  context.boot = boot;
  context.set_offset = offset;
  return context;
}
HeldSet held(const SessionKey& session, const SetContext& context, size_t bytes = 16) {
  return {session, 256, 0, context, std::vector<uint8_t>(bytes)};
}

struct Fixture {
  explicit Fixture(TemplateStoreConfig c = {}) : config(with_limits(std::move(c))), store(config) {}
  static TemplateStoreConfig with_limits(TemplateStoreConfig c) {
    if (c.hold.bytes == 0) c.hold = {30 * kSecond, 1 << 20, 4 << 20};
    return c;
  }
  TemplateStore::Installed install(const std::vector<std::pair<uint16_t, uint16_t>>& fields, const SetContext& context,
                                   uint16_t id = 256) {
    return store.install(*session, v9_template(id, fields), context, 0);
  }
  PlanChoice choose(const SetContext& context) {
    plans = store.plans(*session);
    return plans->choose(256, context);
  }
  bool waits(const SetContext& context) { return !choose(context).plan && !choose(context).quarantine; }
  // The element of the layout's first field; 0: no layout is chosen.
  int first_element(const SetContext& context) {
    PlanChoice choice = choose(context);
    return choice.plan ? (*choice.plan)->record.fields[0].id : 0;
  }
  TemplateStoreConfig config;
  TemplateStore store;
  std::shared_ptr<Session> session = store.session(key(1));
  std::shared_ptr<const SessionPlans> plans;
  std::vector<HeldSet> dropped;
};

TEST(TemplateSafety, AfterARestartTemplatesWaitToBeSentAgain) {
  Fixture f;
  f.install(kOld, at(10));
  f.store.restarted(*f.session, 1);
  EXPECT_TRUE(f.waits(at(0, 1)));
  EXPECT_EQ(f.first_element(at(11, 0)), 1) << "late, of the boot before";
  EXPECT_FALSE(f.install(kOld, at(1, 1)).changed);
  EXPECT_EQ(f.first_element(at(0, 1)), 1);
}

TEST(TemplateSafety, SetsHeldBeforeARestartAreNotDecodedWithALaterTemplate) {
  Fixture f;
  f.store.hold(held(key(1), at(5)), f.dropped);
  f.store.hold(held(key(2), at(5)), f.dropped);  // another session
  EXPECT_EQ(f.store.restarted(*f.session, 1).quarantined.size(), 1u);
  f.store.hold(held(key(1), at(0, 1)), f.dropped);
  EXPECT_EQ(f.install(kOld, at(1, 1)).released.size(), 1u);
  EXPECT_TRUE(f.choose(at(6, 0)).quarantine) << "its template can never come";
  EXPECT_EQ(f.store.take_all_held().size(), 1u);
}

TEST(TemplateSafety, AfterARestartTheOldLayoutIsUsedAfterTheWaitIfItFits) {
  TemplateStoreConfig config;
  config.fallback_after_ns = 10 * kSecond;
  Fixture f(config);
  f.install(kOld, at(10));
  f.store.restarted(*f.session, 1);
  f.store.hold(held(key(1), at(0, 1), 16), f.dropped);
  EXPECT_TRUE(f.store.take_fallbacks(9 * kSecond).empty());
  auto fallbacks = f.store.take_fallbacks(10 * kSecond);
  ASSERT_EQ(fallbacks.size(), 1u);
  EXPECT_EQ(fallbacks[0].sets.size(), 1u);
  f.store.hold(held(key(1), at(1, 1), 20), f.dropped);  // two and a half records
  EXPECT_TRUE(f.store.take_fallbacks(60 * kSecond).empty());
}

TEST(TemplateSafety, AChangedLayoutIsNotUsedForEarlierData) {
  Fixture f;
  f.install(kOld, at(10));
  EXPECT_TRUE(f.install(kNew, at(20)).changed);
  EXPECT_EQ(f.first_element(at(19)), 1);
  EXPECT_EQ(f.first_element(at(21)), 2);
  f.install(kLong, at(30));
  EXPECT_EQ(f.first_element(at(29)), 2);
  EXPECT_TRUE(f.choose(at(19)).quarantine) << "two layouts are kept";
  f.store.forget_old(limits::kPreviousPlanNs);
  EXPECT_TRUE(f.choose(at(29)).quarantine) << "its time is over";
  EXPECT_EQ(f.first_element(at(31)), 1);
}

TEST(TemplateSafety, SequenceNumbersWrap) {
  Fixture f;
  SetContext last = at(20), first = at(21);
  last.sequence = UINT32_MAX, first.sequence = 3;
  f.install(kOld, at(10));
  f.install(kNew, first);
  EXPECT_EQ(f.first_element(last), 1);
  EXPECT_EQ(f.first_element(first), 2);
}

TEST(TemplateSafety, WithinADatagramTheOrderCounts) {
  Fixture f;
  f.install(kOld, at(10));
  f.install(kNew, at(20, 0, 100));  // data of the old layout precedes it
  EXPECT_EQ(f.first_element(at(20, 0, 0)), 1) << "the datagram comes twice";
  EXPECT_EQ(f.first_element(at(20, 0, 120)), 2);
}

TEST(TemplateSafety, ATemplateOvertakenByItsSuccessorChangesNothing) {
  Fixture f;
  f.install(kOld, at(10));
  f.install(kNew, at(20));
  EXPECT_FALSE(f.install(kOld, at(15)).changed);
  EXPECT_EQ(f.first_element(at(21)), 2);
}

TEST(TemplateSafety, HeldSetsMustFitTheNewLayoutOfAnId) {
  Fixture f;
  f.install(kOld, at(10));
  f.store.restarted(*f.session, 1);
  f.store.hold(held(key(1), at(0, 1), 24), f.dropped);
  f.store.hold(held(key(1), at(1, 1), 32), f.dropped);
  auto installed = f.install(kLong, at(2, 1));
  ASSERT_EQ(installed.released.size(), 1u);
  EXPECT_EQ(installed.released[0].body.size(), 32u);
  EXPECT_EQ(installed.quarantined.size(), 1u);
}

TEST(TemplateSafety, TemplatesThatAreNotSentAgainAreForgotten) {
  TemplateStoreConfig config;
  config.lifetime_ns = 60 * kSecond;
  Fixture f(config);
  f.store.install(*f.session, v9_template(256, kOld), at(1), 0);
  f.store.install(*f.session, v9_template(257, kOld), at(1), 0);
  f.store.install(*f.session, v9_template(257, kOld), at(2), 50 * kSecond);
  auto forgotten = f.store.forget_old(61 * kSecond);
  ASSERT_EQ(forgotten.size(), 1u);
  EXPECT_EQ(forgotten[0].templates, 1u);
  EXPECT_TRUE(f.waits(at(3)));
  EXPECT_EQ(f.store.template_count(), 1u);
  EXPECT_EQ(f.store.forget_old(200 * kSecond).size(), 1u);
  EXPECT_EQ(f.store.template_count(), 0u);
}

// An exporter that uses a new source port for every datagram, for days.
TEST(TemplateSafety, IdleSessionsAreEvictedForNewOnes) {
  TemplateStoreConfig config;
  config.max_templates_per_exporter = 64;
  Fixture f(config);
  size_t forgotten = 0;
  for (uint16_t n = 0; n < 1000; ++n) {
    auto session = f.store.session(key(static_cast<uint16_t>(2000 + n)));
    auto installed = f.store.install(*session, v9_template(256, kOld), at(60u * n), 0);  // one a minute
    ASSERT_FALSE(installed.refused) << n;
    for (const auto& lost : installed.forgotten) forgotten += lost.templates;
  }
  EXPECT_LE(f.store.template_count(), 64u);
  EXPECT_EQ(forgotten + f.store.template_count(), 1000u);
}

TEST(TemplateSafety, ActiveSessionsKeepTheirTemplates) {
  TemplateStoreConfig config;
  config.max_templates_per_exporter = 8;
  Fixture f(config);
  f.install(kOld, at(0));
  for (uint16_t n = 0; n < 7; ++n) f.store.install(*f.store.session(key(10 + n)), v9_template(256, kOld), at(0), 0);
  f.session->seen(40 * 60 * kSecond);
  auto installed = f.store.install(*f.store.session(key(99)), v9_template(256, kOld), at(40 * 60), 0);
  EXPECT_FALSE(installed.refused);
  EXPECT_EQ(f.first_element(at(40 * 60)), 1);
  EXPECT_EQ(installed.forgotten.size(), 1u) << "one eighth";
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    char name[] = "/tmp/weir-safety-XXXXXX";
    path = mkdtemp(name);
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
  std::string path;
};

TEST(TemplateSafety, TheJournalKeepsUnconfirmedAndForgottenState) {
  TemporaryDirectory directory;
  TemplateStoreConfig config;
  config.journal_path = directory.path + "/templates.journal";
  {
    Fixture f(config);
    for (uint16_t id : {256, 257}) f.install(kOld, at(10), id);
    f.store.install(*f.store.session(key(2)), v9_template(256, kOld), at(10), 0);
    f.store.restarted(*f.session, 1);
    f.install(kOld, at(1, 1), 257);
    f.store.forget(key(2));
  }
  for (int start = 0; start < 2; ++start) {  // the second reads what the first has rewritten
    Fixture f(config);
    EXPECT_EQ(f.store.template_count(), 2u);
    SetContext now = at(2, f.store.plans(*f.session)->boot);
    EXPECT_TRUE(f.waits(now));
    EXPECT_NE(f.plans->choose(257, now).plan, nullptr);
  }
}

// ---- Memory under attack

uint64_t held_of(std::vector<HeldSet> sets, const IpAddress& exporter) {
  return static_cast<uint64_t>(
      std::ranges::count_if(sets, [&](const auto& s) { return s.session.exporter == exporter; }));
}

TEST(HeldSets, NoisyExportersTakeNothingFromQuietOnes) {
  HeldSets held_sets({0, 1 << 20, 4 << 20});
  std::vector<HeldSet> dropped;
  IpAddress quiet = IpAddress::v4(0x0a000001);
  for (uint32_t n = 0; n < 10; ++n) held_sets.add(held(key(1, quiet), at(n), 500), dropped);
  for (uint32_t n = 0; n < 50'000; ++n)  // twenty noisy ones, some noisier than others
    held_sets.add(held(key(1, IpAddress::v4(0x0b000000 + (n * n) % 20)), at(n), 1000), dropped);
  EXPECT_GT(dropped.size(), 10'000u);
  EXPECT_LE(held_sets.bytes(), 4u << 20);
  EXPECT_EQ(held_of(held_sets.take_all(), quiet), 10u);
}

TEST(HeldSets, AFloodOfForgedExportersLeavesAFairShare) {
  HeldSets held_sets({0, 1 << 20, 4 << 20});
  std::vector<HeldSet> dropped;
  IpAddress quiet = IpAddress::v4(0x0a000001);
  held_sets.add(held(key(1, quiet), at(0), 400), dropped);
  for (uint32_t n = 0; n < 200'000; ++n)  // 2,000 forged addresses, each over and over
    held_sets.add(held(key(1, IpAddress::v4(0x0b000000 + n % 2000)), at(n), 400), dropped);
  EXPECT_LE(held_sets.bytes(), 4u << 20);
  EXPECT_EQ(held_of(held_sets.take_all(), quiet), 1u);
}

}  // namespace
}  // namespace weir
