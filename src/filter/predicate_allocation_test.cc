// SPDX-License-Identifier: Apache-2.0
// Checks that a predicate allocates nothing after its first batch. In a separate file because it replaces the
// program's operator new by one that counts.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "filter/parser.h"
#include "filter/predicate.h"
#include "filter/testing/random_filter.h"

static std::atomic<uint64_t> g_allocations{0};

// Not inlined: otherwise the compiler would see memory from operator new released by free().
[[gnu::noinline]] void* operator new(size_t size) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace weir {
namespace {

TEST(PredicateAllocation, EvaluatingAllocatesNothingAfterTheFirstBatch) {
  const FieldTable fields(random_extra_fields());
  FlowBatch first, full;
  RandomRows rows(5, fields);
  rows.add_run(first);
  while (full.space() > 0) rows.add_run(full);
  RandomFilter random(9, fields);
  for (int i = 0; i < 200; ++i) {
    std::string expression = random.expression(4);
    const Predicate predicate(parse_filter(expression, fields, 0), fields);
    PredicateScratch scratch;
    predicate.evaluate(first, scratch);
    const uint64_t before = g_allocations.load();
    for (const FlowBatch* batch : {&full, &first, &full}) predicate.evaluate(*batch, scratch);
    EXPECT_GT(before, 0u);
    EXPECT_EQ(g_allocations.load() - before, 0u) << expression;
  }
}

}  // namespace
}  // namespace weir
