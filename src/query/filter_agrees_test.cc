// SPDX-License-Identifier: Apache-2.0
// The predicate over batches and the SQL of a filter agree on every row: random expressions over rows of every kind of
// field, written by SegmentWriter and read by DuckDB.
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "filter/parser.h"
#include "filter/predicate.h"
#include "filter/printer.h"
#include "filter/sql.h"
#include "filter/testing/random_filter.h"
#include "query/testing/store_fixture.h"

namespace weir {
namespace {

constexpr int64_t kNow = 1'795'262'400'000'000'000;  // 2026-11-21T12:00Z
constexpr size_t kRows = 20'000;
constexpr size_t kTogether = 40;  // expressions in one query: 3^40 fits in 64 bits

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t kExpressions = 200;  // DuckDB is slow with them
#else
constexpr size_t kExpressions = 10'000;
#endif

class FilterAgreesTest : public StoreFixture {
 protected:
  FilterAgreesTest() : fields_(random_extra_fields()) {
    Segments segments = Segments::open(data_, fields_);
    int error = 0;
    Segment segment{.path = segments.new_path(490'000, error), .hour = 490'000, .figures = {}};
    SegmentWriter writer(segments.file(segment.path), segments.columns());
    RandomRows random(7, fields_);
    for (size_t rows = 0; rows < kRows;) {
      FlowBatch& batch = *batches_.emplace_back(std::make_unique<FlowBatch>());
      while (batch.space() > 0) random.add_run(batch);
      EXPECT_EQ(writer.add(batch, batch.runs()), 0);
      rows += batch.rows();
    }
    EXPECT_EQ(writer.finish(segment.figures), 0);
    std::string why;
    EXPECT_EQ(segments.change({segment}, {}, {}, why), Change::done) << why;
  }

  std::vector<Truth> by_predicate(const Filter& filter) {
    Predicate predicate(filter, fields_);
    std::vector<Truth> all;
    for (const auto& batch : batches_) {
      auto truths = predicate.evaluate(*batch, scratch_);
      all.insert(all.end(), truths.begin(), truths.end());
    }
    return all;
  }

  // For each row the truths of all filters, as digits to the base 3.
  std::vector<uint64_t> by_sql(const std::vector<Filter>& filters) {
    std::string sum;
    uint64_t factor = 1;
    for (const Filter& filter : filters) {
      std::string sql = filter_sql(filter, fields_);
      sum += (sum.empty() ? "" : " + ") + std::string("(CASE ") + sql +
             " WHEN true THEN 2::UBIGINT WHEN false THEN 0::UBIGINT ELSE 1::UBIGINT END * " + std::to_string(factor) +
             "::UBIGINT)";
      factor *= 3;
    }
    FlowQuery opened = query();
    std::string csv = answer(opened, "SELECT " + sum + " FROM flows");
    std::vector<uint64_t> all;
    for (const char* at = csv.data() + csv.find('\n') + 1; at < csv.data() + csv.size();) {
      uint64_t value = 0;
      at = std::from_chars(at, csv.data() + csv.size(), value).ptr + 1;
      all.push_back(value);
    }
    return all;
  }

  const FieldTable fields_;
  std::vector<std::unique_ptr<FlowBatch>> batches_;
  PredicateScratch scratch_;
};

const char* name_of(Truth truth) { return truth == Truth::no ? "false" : truth == Truth::yes ? "true" : "unknown"; }

TEST_F(FilterAgreesTest, PredicateAndSqlSelectTheSameRows) {
  RandomFilter random(11, fields_);
  size_t selecting = 0;
  for (size_t done = 0; done < kExpressions && !HasFailure();) {
    std::vector<Filter> filters;
    std::vector<std::string> texts;
    for (; filters.size() < kTogether; ++done) {
      texts.push_back(random.expression());
      filters.push_back(parse_filter(texts.back(), fields_, kNow));
      std::string printed = filter_text(filters.back(), fields_);
      EXPECT_EQ(parse_filter(printed, fields_, kNow), filters.back()) << texts.back() << "\n" << printed;
    }
    const std::vector<uint64_t> rows = by_sql(filters);
    uint64_t factor = 1;
    for (size_t i = 0; i < filters.size(); ++i, factor *= 3) {
      const std::vector<Truth> truths = by_predicate(filters[i]);
      ASSERT_EQ(rows.size(), truths.size());
      auto by_sql_is = [&](size_t row) { return static_cast<Truth>(rows[row] / factor % 3); };
      size_t row = 0;
      while (row < rows.size() && by_sql_is(row) == truths[row]) ++row;
      if (row < rows.size())
        ADD_FAILURE() << texts[i] << "\n"
                      << filter_sql(filters[i], fields_) << "\nrow " << row << ": predicate " << name_of(truths[row])
                      << ", SQL " << name_of(by_sql_is(row));
      auto selected = static_cast<size_t>(std::ranges::count(truths, Truth::yes));
      selecting += selected > 0 && selected < rows.size();
    }
  }
  EXPECT_GT(selecting, kExpressions / 2) << "most expressions should select some rows and not others";
}

}  // namespace
}  // namespace weir
