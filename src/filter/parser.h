// SPDX-License-Identifier: Apache-2.0
// Parses a filter expression (docs/reference/filter.md).
//
//   in       text, at most kMaxFilterBytes
//   out      a Filter
//   failure  FilterError: where, what was expected, and a hint
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time_text.h"
#include "filter/filter.h"
#include "filter/filter_error.h"
#include "flow/field_table.h"

namespace weir {

inline constexpr size_t kMaxFilterBytes = 1 << 20;
inline constexpr size_t kMaxFilterDepth = 100;     // parentheses and nots within each other
inline constexpr size_t kMaxFilterParts = 10'000;  // tests; a list in brackets is one

// For filters that stay in use: -1h would mean an hour before the filter was parsed.
inline constexpr int64_t kNoRelativeTimes = -1;

// `times`: what times as in -1h, and those without a zone, refer to. An empty expression selects every flow.
Filter parse_filter(std::string_view expression, const FieldTable& fields, const TimeContext& times);

}  // namespace weir
