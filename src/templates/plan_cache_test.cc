// SPDX-License-Identifier: Apache-2.0
#include "templates/plan_cache.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TemplateRecord record_of(uint16_t id, uint16_t element, TemplateKind kind = TemplateKind::data) {
  TemplateRecord record;
  record.id = id;
  record.kind = kind;
  record.fields = {{0, element, 4}};
  for (uint16_t word : {id, uint16_t{1}, element, uint16_t{4}})
    record.wire.push_back(static_cast<uint8_t>(word >> 8)), record.wire.push_back(static_cast<uint8_t>(word));
  return record;
}

TEST(PlanCache, OnePlanPerLayout) {
  PlanCache cache(FieldTable::plain());
  auto plan = cache.plan_of(record_of(256, 8), Protocol::netflow9);
  EXPECT_EQ(plan->id, 256);
  EXPECT_EQ(cache.plan_of(record_of(256, 8), Protocol::netflow9), plan);
  EXPECT_NE(cache.plan_of(record_of(257, 8), Protocol::netflow9), plan);
  EXPECT_NE(cache.plan_of(record_of(256, 12), Protocol::netflow9), plan);
  EXPECT_NE(cache.plan_of(record_of(256, 8), Protocol::ipfix), plan);
  EXPECT_NE(cache.plan_of(record_of(256, 8, TemplateKind::options), Protocol::netflow9), plan);
}

TEST(PlanCache, ForgetsUnusedPlans) {
  PlanCache cache(FieldTable::plain());
  auto kept = cache.plan_of(record_of(256, 8), Protocol::netflow9);
  for (uint16_t id = 300; id < 20'000; ++id) cache.plan_of(record_of(id, 8), Protocol::netflow9);
  EXPECT_LE(cache.size(), 1'024u);
  EXPECT_EQ(cache.plan_of(record_of(256, 8), Protocol::netflow9), kept);
}

}  // namespace
}  // namespace weir
