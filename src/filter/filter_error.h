// SPDX-License-Identifier: Apache-2.0
// FilterError: what is wrong with a filter expression, and where.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace weir {

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

}  // namespace weir
