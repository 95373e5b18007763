// SPDX-License-Identifier: Apache-2.0
#include "filter/comparison.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "filter/number_key.h"

namespace weir {

static constexpr std::pair<std::string_view, Comparison> kComparisons[] = {
    {"=", Comparison::equal},         {"==", Comparison::equal},      {"eq", Comparison::equal},
    {"!=", Comparison::unequal},      {"ne", Comparison::unequal},    {"<", Comparison::less},
    {"lt", Comparison::less},         {"<=", Comparison::less_equal}, {"le", Comparison::less_equal},
    {">", Comparison::greater},       {"gt", Comparison::greater},    {">=", Comparison::greater_equal},
    {"ge", Comparison::greater_equal}};

Comparison comparison_of(std::string_view word) {
  for (const auto& [sign, comparison] : kComparisons)
    if (word == sign) return comparison;
  return Comparison::none;
}

std::vector<Range<uint64_t>> compared(Comparison how, uint64_t value, uint64_t largest) {
  switch (how) {
    case Comparison::less:
      if (value == 0) return {};
      return {{0, value - 1}};
    case Comparison::less_equal:
      return {{0, value}};
    case Comparison::greater:
      if (value == largest) return {};
      return {{value + 1, largest}};
    case Comparison::greater_equal:
      return {{value, largest}};
    default:
      return {{value, value}};
  }
}

void leave_out_nan_keys(std::vector<Range<uint64_t>>& ranges) {
  const uint64_t lowest = real_key(-HUGE_VAL), highest = real_key(HUGE_VAL), nan = real_key(NAN);
  if (ranges.empty() || ranges[0].last < lowest) return ranges.clear();
  Range<uint64_t>& range = ranges[0];
  range.first = range.first > highest ? nan : std::max(range.first, lowest);
  if (range.last != nan) range.last = std::min(range.last, highest);
}

}  // namespace weir
