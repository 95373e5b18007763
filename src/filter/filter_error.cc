// SPDX-License-Identifier: Apache-2.0
#include "filter/filter_error.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace weir {
namespace {

size_t characters(std::string_view text) {
  size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(first_character(text).octets);
  return count;
}

// The first octet from `at` on that begins a character.
size_t character_from(std::string_view text, size_t at) {
  constexpr size_t kMore = 3;  // octets that a character may have after its first
  for (size_t end = std::min(at + kMore, text.size()); at < end && (text[at] & 0xc0) == 0x80;) ++at;
  return at;
}

// The line of the expression that has the problem, and carets under it.
std::string message_of(std::string_view expression, const FilterProblem& problem) {
  constexpr size_t kBefore = 60, kAfter = 40;  // octets shown of a long line
  const size_t at = std::min(problem.at, expression.size());
  size_t begin = expression.rfind('\n', at ? at - 1 : 0);
  begin = begin == std::string_view::npos || begin >= at ? 0 : begin + 1;
  size_t end = std::min(expression.find('\n', at), expression.size());
  const bool cut = at - begin > kBefore;
  if (cut) begin = character_from(expression, at - kBefore);
  const size_t marked = std::clamp<size_t>(problem.length, 1, std::max<size_t>(1, end - at));
  const size_t token_end = character_from(expression, at + std::min(marked, kAfter));
  const size_t carets = std::max<size_t>(1, characters(expression.substr(at, token_end - at)));
  end = std::min(end, character_from(expression, token_end + kAfter));
  std::string line = printable(std::string(expression.substr(begin, end - begin)));
  std::string text =
      "filter: " + problem.found + "; expected " + problem.expected + "\n  " + (cut ? "..." : "") + line + "\n  " +
      std::string((cut ? 3 : 0) + characters(expression.substr(begin, at - begin)), ' ') + std::string(carets, '^');
  if (!problem.hint.empty()) text += "\n" + problem.hint;
  return text;
}

}  // namespace

FilterError::FilterError(std::string_view expression, FilterProblem problem)
    : Error(ExitCode::usage, message_of(expression, problem)), problem_(std::move(problem)) {}

}  // namespace weir
