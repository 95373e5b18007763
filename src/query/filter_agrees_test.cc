// SPDX-License-Identifier: Apache-2.0
// The predicate over batches and the SQL of a filter agree on every row: random expressions over rows of every kind of
// field, written by SegmentWriter and read by DuckDB. WEIR_FILTER_EXPRESSIONS, WEIR_FILTER_ROWS and WEIR_FILTER_SEED
// choose other expressions and rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <vector>

#include "filter/parser.h"
#include "filter/predicate.h"
#include "filter/printer.h"
#include "filter/sql.h"
#include "filter/testing/random_filter.h"
#include "query/testing/store_fixture.h"

namespace weir {
namespace {

constexpr int64_t kNow = 1'795'262'400'000'000'000;  // 2026-11-21T12:00Z
constexpr size_t kTogether = 40;                     // filters in one query: 3^40 fits in 64 bits
constexpr size_t kNegatedOf = 20;                    // of so many expressions one is also negated

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t kExpressions = 200;  // DuckDB is slow with them
#else
constexpr size_t kExpressions = 10'000;
#endif

size_t chosen(const char* variable, size_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::stoull(text) : otherwise;
}

struct Expression {
  std::string text;
  Filter filter;
  Predicate predicate;
  uint64_t factor = 1;    // of its digit in Group::truths
  size_t counts[3] = {};  // rows by truth, according to the predicate
};

// Filters that one query evaluates.
struct Group {
  std::vector<Expression> expressions;
  std::vector<size_t> negated;   // expressions that are followed by their negation
  std::vector<uint64_t> truths;  // for each row those of all expressions, as digits to the base 3
};

Truth digit(uint64_t truths, const Expression& expression) {
  return static_cast<Truth>(truths / expression.factor % 3);
}

const char* name_of(Truth truth) { return truth == Truth::no ? "false" : truth == Truth::yes ? "true" : "unknown"; }

class FilterAgreesTest : public StoreFixture {
 protected:
  FilterAgreesTest() : fields_(random_extra_fields()) {
    RandomFilter random(11 + seed_, fields_);
    for (size_t made = 0; made < wanted_; ++made) {
      if (groups_.empty() || groups_.back().expressions.size() + 2 > kTogether) groups_.emplace_back();
      Group& group = groups_.back();
      std::string text = random.expression();
      add(group, text);
      if (made % kNegatedOf != 0) continue;
      group.negated.push_back(group.expressions.size() - 1);
      add(group, "not (" + text + ")");
    }
    write_rows();
  }

  void add(Group& group, const std::string& text) {
    Filter filter = parse_filter(text, fields_, kNow);
    std::string printed = filter_text(filter, fields_);
    EXPECT_EQ(parse_filter(printed, fields_, kNow), filter) << text << "\n" << printed;
    const uint64_t factor = group.expressions.empty() ? 1 : 3 * group.expressions.back().factor;
    group.expressions.push_back({text, filter, Predicate(filter, fields_), factor});
  }

  // Also asks the predicates, because all batches together may not fit into memory.
  void write_rows() {
    Segments segments = Segments::open(data_, fields_);
    int error = 0;
    Segment segment{.path = segments.new_path(490'000, error), .hour = 490'000, .figures = {}};
    SegmentWriter writer(segments.file(segment.path), segments.columns());
    RandomRows random(7 + seed_, fields_);
    FlowBatch batch;
    for (const size_t wanted = chosen("WEIR_FILTER_ROWS", 20'000); rows_ < wanted; rows_ += batch.rows()) {
      batch.clear();
      while (batch.space() > 0) random.add_run(batch);
      EXPECT_EQ(writer.add(batch, batch.runs()), 0);
      for (Group& group : groups_) ask_predicates(group, batch);
    }
    EXPECT_EQ(writer.finish(segment.figures), 0);
    std::string why;
    EXPECT_EQ(segments.change({segment}, {}, {}, why), Change::done) << why;
  }

  void ask_predicates(Group& group, const FlowBatch& batch) {
    group.truths.resize(rows_ + batch.rows());
    for (Expression& expression : group.expressions) {
      uint64_t* sum = group.truths.data() + rows_;
      for (Truth truth : expression.predicate.evaluate(batch, scratch_)) {
        *sum++ += static_cast<uint64_t>(truth) * expression.factor;
        ++expression.counts[static_cast<size_t>(truth)];
      }
    }
  }

  // The same digits as Group::truths.
  std::vector<uint64_t> ask_sql(const Group& group) const {
    std::string sum;
    for (const Expression& expression : group.expressions)
      sum += (sum.empty() ? "" : " + ") + std::string("(CASE ") + sql_of(expression) +
             " WHEN true THEN 2::UBIGINT WHEN false THEN 0::UBIGINT ELSE 1::UBIGINT END * " +
             std::to_string(expression.factor) + "::UBIGINT)";
    return numbers("SELECT " + sum + " FROM flows");
  }

  // The values of a statement whose columns are numbers.
  std::vector<uint64_t> numbers(const std::string& sql) const {
    FlowQuery opened = query();
    std::string csv = answer(opened, sql);
    std::vector<uint64_t> all;
    for (const char* at = csv.data() + csv.find('\n') + 1; at < csv.data() + csv.size();) {
      uint64_t value = 0;
      at = std::from_chars(at, csv.data() + csv.size(), value).ptr + 1;
      all.push_back(value);
    }
    return all;
  }

  void compare(const Group& group) const {
    const std::vector<uint64_t> by_sql = ask_sql(group);
    ASSERT_EQ(by_sql.size(), group.truths.size());
    const size_t row = static_cast<size_t>(std::ranges::mismatch(by_sql, group.truths).in1 - by_sql.begin());
    if (row == by_sql.size()) return;
    for (const Expression& expression : group.expressions) {
      const Truth truth = digit(group.truths[row], expression), in_sql = digit(by_sql[row], expression);
      if (truth != in_sql)
        ADD_FAILURE() << expression.text << "\n"
                      << sql_of(expression) << "\nrow " << row << ": predicate " << name_of(truth) << ", SQL "
                      << name_of(in_sql);
    }
  }

  // Each row is selected by the filter, or by its negation, or is unknown to both. As a condition of a query DuckDB
  // may evaluate a filter differently: with the statistics of row groups.
  void compare_negations(const Group& group) const {
    std::string counts;
    for (size_t i : group.negated) {
      const std::string one = sql_of(group.expressions[i]), other = sql_of(group.expressions[i + 1]);
      for (const std::string& condition : {one, other, one + " IS NULL"})
        counts += (counts.empty() ? "" : ", ") + std::string("(SELECT count(*) FROM flows WHERE ") + condition + ")";
    }
    if (counts.empty()) return;
    const std::vector<uint64_t> selected = numbers("SELECT " + counts);
    ASSERT_EQ(selected.size(), 3 * group.negated.size());
    for (size_t n = 0; n < group.negated.size(); ++n) {
      const Expression &one = group.expressions[group.negated[n]], &other = group.expressions[group.negated[n] + 1];
      EXPECT_TRUE(std::ranges::all_of(group.truths, [&](uint64_t truths) {
        return static_cast<int>(digit(truths, one)) == 2 - static_cast<int>(digit(truths, other));
      })) << other.text;
      EXPECT_EQ(selected[3 * n], one.counts[static_cast<size_t>(Truth::yes)]) << one.text;
      EXPECT_EQ(selected[3 * n + 1], other.counts[static_cast<size_t>(Truth::yes)]) << other.text;
      EXPECT_EQ(selected[3 * n + 2], one.counts[static_cast<size_t>(Truth::unknown)]) << one.text;
    }
  }

  std::string sql_of(const Expression& expression) const { return "(" + filter_sql(expression.filter, fields_) + ")"; }

  // The expressions that select some rows and not others.
  size_t selecting(const Group& group) const {
    return static_cast<size_t>(std::ranges::count_if(group.expressions, [&](const Expression& expression) {
      const size_t selected = expression.counts[static_cast<size_t>(Truth::yes)];
      return selected > 0 && selected < rows_;
    }));
  }

  const size_t seed_ = chosen("WEIR_FILTER_SEED", 0), wanted_ = chosen("WEIR_FILTER_EXPRESSIONS", kExpressions);
  const FieldTable fields_;
  std::vector<Group> groups_;
  size_t rows_ = 0;
  PredicateScratch scratch_;
};

TEST_F(FilterAgreesTest, PredicateAndSqlSelectTheSameRows) {
  size_t some = 0;
  for (size_t i = 0; i < groups_.size() && !HasFailure(); ++i) {
    compare(groups_[i]);
    compare_negations(groups_[i]);
    some += selecting(groups_[i]);
  }
  EXPECT_GT(some, wanted_ / 2) << "most expressions should select some rows and not others";
}

}  // namespace
}  // namespace weir
