// SPDX-License-Identifier: Apache-2.0
#include "templates/template_table.h"

#include <gtest/gtest.h>

#include <random>

#include "templates/session_plans.h"

namespace weir {
namespace {

TemplateTable::Entry entry(int64_t number) {
  auto known = std::make_shared<KnownTemplate>();
  known->since_ns = number;
  return known;
}

std::vector<int64_t> numbers(const TemplateTable& table) {
  std::vector<int64_t> all;
  table.for_each([&](const KnownTemplate& known) { all.push_back(known.since_ns); });
  return all;
}

// Compared with a plain vector; a copy made before each change must stay unchanged.
TEST(TemplateTable, BehavesLikeAVectorAndItsCopiesStayUnchanged) {
  std::mt19937 random(7);
  TemplateTable table;
  std::vector<int64_t> expected;
  for (int64_t n = 0; n < 3'000; ++n) {
    const TemplateTable before(table);
    const std::vector<int64_t> expected_before = expected;
    if (n % 2) table = TemplateTable(table);  // half of the changes are made to a copy, which owns no block
    const size_t position = random() % (expected.size() + 1);
    const auto at = static_cast<ptrdiff_t>(position);
    const unsigned what = random() % 8;
    if (what == 0 && position < expected.size()) {
      table.erase(position);
      expected.erase(expected.begin() + at);
    } else if (what == 1 && position < expected.size()) {
      table.replace(position, entry(n));
      expected[position] = n;
    } else {
      table.insert(position, entry(n));
      expected.insert(expected.begin() + at, n);
    }
    ASSERT_EQ(table.size(), expected.size());
    ASSERT_EQ(numbers(table), expected) << n;
    if (n % 2) {
      ASSERT_EQ(numbers(before), expected_before) << n;
    }
  }
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(table.at(i)->since_ns, expected[i]);
  while (!table.empty()) table.erase(table.size() / 2);
  EXPECT_TRUE(numbers(table).empty());
}

}  // namespace
}  // namespace weir
