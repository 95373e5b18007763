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

#include "base/error.h"
#include "filter/filter.h"
#include "flow/field_table.h"

namespace weir {

inline constexpr size_t kMaxFilterBytes = 1 << 20;
inline constexpr size_t kMaxFilterDepth = 100;     // parentheses and nots within each other
inline constexpr size_t kMaxFilterParts = 10'000;  // tests; a list in brackets is one

struct FilterProblem {
  size_t at = 0, length = 0;  // octets of the expression; length 0: at its end
  std::string found;          // what is wrong there
  std::string expected;
  std::string hint;  // "" if there is none
};

// A usage error. Its message has the line of the expression, and under it carets.
class FilterError : public Error {
 public:
  FilterError(std::string_view expression, FilterProblem problem);
  const FilterProblem& problem() const { return problem_; }

 private:
  FilterProblem problem_;
};

// `now_ns`: for times as in -1h. An empty expression selects every flow.
Filter parse_filter(std::string_view expression, const FieldTable& fields, int64_t now_ns);

}  // namespace weir
