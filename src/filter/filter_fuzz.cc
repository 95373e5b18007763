// SPDX-License-Identifier: Apache-2.0
// Parses any octets as a filter. An error has a place inside the text and a message that a terminal can show. What
// parses must print as an expression that reads as the same filter, as SQL, in words and as JSON, and its truths over
// some rows must be those of its negation, turned round.
#include <memory>

#include "base/assert.h"
#include "base/text.h"
#include "filter/parser.h"
#include "filter/predicate.h"
#include "filter/printer.h"
#include "filter/sql.h"
#include "filter/testing/random_filter.h"

namespace weir {
namespace {

constexpr int64_t kNow = 1'795'262'400'000'000'000;  // 2026-11-21T12:00Z

const FieldTable& fields() {
  static const FieldTable kTable(random_extra_fields());
  return kTable;
}

const FlowBatch& rows() {
  static const std::unique_ptr<FlowBatch> kBatch = [] {
    auto batch = std::make_unique<FlowBatch>();
    RandomRows random(7, fields());
    for (int i = 0; i < 10; ++i) random.add_run(*batch);
    return batch;
  }();
  return *kBatch;
}

void check_json(const std::string& json) {
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < json.size(); ++i) {
    char c = json[i];
    WEIR_ASSERT(static_cast<unsigned char>(c) >= 0x20);
    if (quoted && c == '\\')
      ++i;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted)
      depth += (c == '{' || c == '[') - (c == '}' || c == ']');
  }
  WEIR_ASSERT(depth == 0 && !quoted);
}

void check_truths(const Filter& filter) {
  static PredicateScratch scratch, opposite_scratch;
  Filter negation;
  negation.kind = Filter::Kind::negation;
  negation.parts.push_back(filter);
  const Predicate predicate(filter, fields()), opposite(negation, fields());
  auto truths = predicate.evaluate(rows(), scratch), others = opposite.evaluate(rows(), opposite_scratch);
  WEIR_ASSERT(truths.size() == rows().rows() && others.size() == rows().rows());
  for (size_t row = 0; row < truths.size(); ++row)
    WEIR_ASSERT(static_cast<int>(truths[row]) + static_cast<int>(others[row]) == 2);
}

void check_error(std::string_view text, const FilterError& error) {
  const FilterProblem& problem = error.problem();
  WEIR_ASSERT(problem.at <= text.size() && problem.length <= text.size() - problem.at);
  WEIR_ASSERT(!problem.found.empty() && !problem.expected.empty());
  const std::string message = error.what();
  WEIR_ASSERT(printable_lines(message) == message && message.contains("\n  "));
}

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir;
  const std::string text(reinterpret_cast<const char*>(data), size);
  Filter filter;
  try {
    filter = parse_filter(text, fields(), kNow);
  } catch (const FilterError& error) {
    check_error(text, error);
    return 0;
  }
  const std::string printed = filter_text(filter, fields());
  // The text may be longer than the expression.
  if (printed.size() <= kMaxFilterBytes) WEIR_ASSERT(parse_filter(printed, fields(), kNow) == filter);
  WEIR_ASSERT(!filter_sql(filter, fields()).empty());
  WEIR_ASSERT(!filter_in_words(filter, fields()).empty());
  check_json(filter_json(filter, fields()));
  check_truths(filter);
  return 0;
}
