// SPDX-License-Identifier: Apache-2.0
// The comparisons of a filter, as sets of the keys of numbers (filter/number_key.h).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/range_set.h"

namespace weir {

enum class Comparison { none, equal, unequal, less, less_equal, greater, greater_equal };
// none: the word is no comparison.
Comparison comparison_of(std::string_view word);

// The keys, of which `largest` is the last, that compare with `value` as wanted.
std::vector<Range<uint64_t>> compared(Comparison how, uint64_t value, uint64_t largest);
// Of floating-point numbers not all keys are in use: the numbers are from minus infinity to infinity, and above them is
// NaN, the last key.
void leave_out_nan_keys(std::vector<Range<uint64_t>>& ranges);

}  // namespace weir
