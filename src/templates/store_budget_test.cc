// SPDX-License-Identifier: Apache-2.0
// The template store under a budget in bytes, against senders that want all of it.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/time_units.h"
#include "templates/store.h"
#include "templates/testing/store_fixture.h"

namespace weir {
namespace {

SessionKey key(uint32_t address, uint16_t port = 1) { return {IpAddress::v4(address), port, Protocol::netflow9, 0}; }

// A template with that many fields, all different from those of another number.
TemplateRecord large_template(uint16_t id, uint16_t fields, uint32_t number) {
  std::vector<std::pair<uint16_t, uint16_t>> all;
  for (uint16_t n = 0; n < fields; ++n)
    all.emplace_back(static_cast<uint16_t>(500 + n), static_cast<uint16_t>(1 + (number >> (n % 16)) % 4));
  return v9_template(id, all);
}

constexpr uint32_t kGood = 0xc0000201, kForged = 0x0a000000;

struct BudgetTest : testing::Test {
  explicit BudgetTest(size_t bytes = 4u << 20) : budget(bytes) {
    config.budget = &budget;
    config.keep_fields = KeepFields::no;
    config.hold = {30 * kSecond, 1 << 20, 4 << 20};
  }
  std::optional<Refused> install(TemplateStore& store, const SessionKey& session, TemplateRecord record) {
    SetContext context;
    context.received_ns = now_ns += 10'000'000;
    auto installed = store.install(*store.session(session), std::move(record), context, now_ns);
    for (const auto& lost : installed.forgotten) forgotten += lost.session.exporter == IpAddress::v4(kGood);
    return installed.refused;
  }
  void attack(TemplateStore& store, uint32_t sources, uint16_t each, uint16_t fields) {
    for (uint16_t id = 0; id < each; ++id)
      for (uint32_t source = 0; source < sources; ++source)
        install(store, key(kForged + source),
                large_template(static_cast<uint16_t>(256 + id), fields, id * 31u + source));
  }
  SenderBudget budget;
  TemplateStoreConfig config;
  int64_t now_ns = 0;
  size_t forgotten = 0;  // sessions of the good exporter that lost their templates
};

TEST_F(BudgetTest, ForgedSourcesDoNotKeepALaterExporterOut) {
  TemplateStore store(config);
  attack(store, 130, 40, 100);
  EXPECT_LE(budget.total(), budget.limit() + (budget.limit() >> 3));
  for (uint16_t id = 256; id < 266; ++id) {
    EXPECT_EQ(install(store, key(kGood), large_template(id, 20, 7)), std::nullopt) << id;
    attack(store, 130, 2, 100);
  }
  EXPECT_EQ(forgotten, 0u);
  EXPECT_EQ(store.plans(*store.session(key(kGood)))->templates().size(), 10u);
  EXPECT_LE(budget.total(), budget.limit() + (budget.limit() >> 3));
}

TEST_F(BudgetTest, ForgedSourcesDoNotUseUpTheNumberOfTemplates) {
  config.budget = nullptr;
  config.max_templates = 1'000;
  TemplateStore store(config);
  attack(store, 130, 12, 4);
  EXPECT_LE(store.template_count(), 1'000u + 20u)
      << "beyond it only who has less than a fair share, for a fifth of a second";
  for (uint16_t id = 256; id < 260; ++id) {
    EXPECT_EQ(install(store, key(kGood), large_template(id, 4, 7)), std::nullopt) << id;
    attack(store, 130, 2, 4);
  }
  EXPECT_EQ(forgotten, 0u);
}

// What is borrowed is charged to the borrower, too; all of it is given back.
TEST_F(BudgetTest, WhatIsBorrowedIsCharged) {
  TemplateStore store(config);
  const SessionKey lender = key(kGood, 1), borrower = key(kGood, 2);
  for (const SessionKey& session : {lender, borrower}) install(store, session, large_template(256, 4, 7));
  store.plans(*store.session(borrower));
  const size_t before = budget.total();
  std::vector<OptionsFact> facts;
  for (uint64_t n = 1; n <= 1'000; ++n)
    facts.push_back({OptionsFact::Kind::interface_name, n, 0, "GigabitEthernet0/0"});
  store.apply(*store.session(lender), facts);
  const size_t announced = budget.total() - before;
  EXPECT_GT(announced, 1'000 * sizeof("GigabitEthernet0/0"));
  EXPECT_EQ(store.plans(*store.session(borrower))->announced(Borrowed::Kind::interface_names).interface_names().size(),
            1'000u);
  EXPECT_GE(budget.total() - before, 2 * announced);
  for (const SessionKey& session : {borrower, lender}) store.forget(session);
  EXPECT_EQ(budget.total(), 0u);
}

// A reader that was given plans may read them at any time: what is announced to the lender later is another state.
TEST_F(BudgetTest, BorrowedStateDoesNotChange) {
  TemplateStore store(config);
  const SessionKey lender = key(kGood, 1), borrower = key(kGood, 2);
  for (const SessionKey& session : {lender, borrower}) install(store, session, large_template(256, 4, 7));
  auto apply = [&](uint64_t interface, std::string_view name) {
    const std::vector<OptionsFact> facts{{OptionsFact::Kind::interface_name, interface, 0, name}};
    store.apply(*store.session(lender), facts);
  };
  apply(7, "old");
  apply(8, "eight");
  const auto plans = store.plans(*store.session(borrower));
  apply(7, "new");
  apply(9, "nine");
  const NameTable& names = plans->announced(Borrowed::Kind::interface_names).interface_names();
  EXPECT_EQ(names.find(7), "old");
  EXPECT_EQ(names.size(), 2u);
  EXPECT_EQ(store.plans(*store.session(borrower))->announced(Borrowed::Kind::interface_names).interface_names().find(7),
            "new");
}

// Nothing is borrowed if there is no memory for it.
TEST_F(BudgetTest, NothingIsBorrowedWithoutSpace) {
  config.max_options_bytes = 64'000;
  TemplateStore store(config);
  const SessionKey lender = key(kGood, 1), borrower = key(kGood, 2);
  for (const SessionKey& session : {lender, borrower}) install(store, session, large_template(256, 4, 7));
  std::vector<OptionsFact> facts;
  for (uint64_t n = 1; n <= 1'000; ++n)
    facts.push_back({OptionsFact::Kind::interface_name, n, 0, "GigabitEthernet0/0"});
  EXPECT_EQ(store.apply(*store.session(lender), facts), 0u);
  EXPECT_FALSE(store.plans(*store.session(borrower))->borrows(Borrowed::Kind::interface_names));
}

// An exporter with very many sessions lends nothing, neither among its earlier sessions nor among its later ones.
TEST_F(BudgetTest, NothingIsBorrowedAmongTooManySessions) {
  config.budget = nullptr;
  TemplateStore store(config);
  auto rate = [&](uint16_t port) {
    return store.plans(*store.session(key(kGood, port)))->announced(Borrowed::Kind::rates).domain_rate();
  };
  install(store, key(kGood, 1), large_template(256, 4, 7));
  install(store, key(kGood, 2), large_template(256, 4, 7));
  store.apply(*store.session(key(kGood, 1)),
              std::vector<OptionsFact>{{OptionsFact::Kind::sampler_rate, OptionsFact::kNoSampler, 100, {}}});
  EXPECT_EQ(rate(2), 100u);
  for (uint16_t port = 3; port <= limits::kBorrowingSessions + 1; ++port)
    install(store, key(kGood, port), large_template(256, 4, 7));
  EXPECT_EQ(rate(2), 0u);
  EXPECT_EQ(rate(3), 0u);
}

TEST_F(BudgetTest, SessionsThatNeverGaveARecordAreEvictedFirst) {
  TemplateStore store(config);
  // More than a fair share, and the idlest of all.
  for (uint16_t id = 256; id < 456; ++id)
    ASSERT_EQ(install(store, key(kGood), large_template(id, 100, id)), std::nullopt);
  store.session(key(kGood))->gave_record();
  attack(store, 130, 30, 100);
  EXPECT_EQ(forgotten, 0u);
  EXPECT_EQ(store.plans(*store.session(key(kGood)))->templates().size(), 200u);
}

TEST_F(BudgetTest, EachExporterHasALimitOfItsOwn) {
  config.max_templates_bytes_per_exporter = 256u << 10;
  TemplateStore store(config);
  std::optional<Refused> refused;
  for (uint16_t id = 256; id < 456 && !refused; ++id)
    refused = install(store, key(kGood), large_template(id, 1'000, id));
  EXPECT_EQ(refused, Refused::exporter_templates_full);
  EXPECT_LE(budget.of(IpAddress::v4(kGood)), 256u << 10);
  EXPECT_GT(store.template_count(), 15u);
}

TEST_F(BudgetTest, ForgettingGivesTheBytesBack) {
  TemplateStore store(config);
  for (uint16_t id = 256; id < 300; ++id) install(store, key(kGood), large_template(id, 50, id));
  for (uint16_t id = 256; id < 300; ++id) install(store, key(kGood), large_template(id, 60, id));  // with the old ones
  const OptionsFact facts[] = {{OptionsFact::Kind::interface_name, 3, 0, "Gi0/3"},
                               {OptionsFact::Kind::interface_name, 3, 0, "Gi0/0/3"},
                               {OptionsFact::Kind::sampler_rate, 7, 512, {}}};
  EXPECT_EQ(store.apply(*store.session(key(kGood)), facts), 0u);
  std::vector<HeldSet> dropped;
  store.hold({key(kGood), 900, 0, {}, std::vector<uint8_t>(100)}, dropped);
  const size_t all = budget.total();
  EXPECT_GT(all, 44u * 2 * 60 * 4);
  store.forget_old(now_ns + limits::kPreviousPlanNs + kSecond);
  EXPECT_LT(budget.total(), all) << "the layouts before";
  store.take_all_held();
  store.forget(key(kGood));
  EXPECT_EQ(budget.total(), 0u);
}

TEST_F(BudgetTest, HeldSetsAndOptionsOfNewcomersFindSpace) {
  TemplateStore store(config);
  attack(store, 130, 40, 100);
  const OptionsFact fact{OptionsFact::Kind::interface_name, 3, 0, "Gi0/3"};
  EXPECT_EQ(store.apply(*store.session(key(kGood)), {&fact, 1}), 0u);
  std::vector<HeldSet> dropped;
  store.hold({key(kGood), 900, 0, {}, std::vector<uint8_t>(100)}, dropped);
  EXPECT_TRUE(dropped.empty());
}

// 520,192 templates of 1,000 fields took 9.9 GB, and as much again at the next start.
TEST_F(BudgetTest, TheJournalIsReadWithinTheBudget) {
  char name[] = "/tmp/weir-budget-XXXXXX";
  const std::string folder = mkdtemp(name);
  config.journal_path = folder + "/templates.journal";
  TemplateStoreConfig boundless = config;
  boundless.budget = nullptr;
  {
    TemplateStore store(boundless);
    install(store, key(kGood), large_template(256, 20, 7));
    attack(store, 100, 12, 1'000);
  }
  const auto before = std::filesystem::file_size(config.journal_path);
  TemplateStore store(config);
  EXPECT_LE(budget.total(), budget.limit() + (budget.limit() >> 3));
  EXPECT_GT(store.template_count(), 100u);
  EXPECT_NE(store.plans(*store.session(key(kGood)))->find(256), nullptr);
  EXPECT_LT(std::filesystem::file_size(config.journal_path), before) << "compacted to what was kept";
  std::filesystem::remove_all(folder);
}

TEST(PlanBytes, WithManyFieldsTakeLittleMoreThanOnTheWire) {
  // 1,000 fields of 4 octets on the wire. The elements are ones that fill no column.
  auto plan = compile_plan(large_template(256, 1'000, 5), Protocol::netflow9, FieldTable::plain(), KeepFields::no);
  EXPECT_LT(plan->bytes, 7'000u);
  EXPECT_GE(max_plan_bytes(large_template(256, 1'000, 5)), plan->bytes);
}

}  // namespace
}  // namespace weir
