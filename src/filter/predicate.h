// SPDX-License-Identifier: Apache-2.0
// Predicate: a filter over batches, a column at a time.
//
//   in       rows of a FlowBatch
//   out      for each row whether the filter is true, false or unknown for it (filter/filter.h)
//   threads  any, each with a PredicateScratch of its own
//   memory   PredicateScratch: kBatchRows octets for each level of the filter; evaluating allocates nothing
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "filter/filter.h"
#include "flow/batch.h"
#include "flow/field_table.h"

namespace weir {

// In this order: `and` is the smaller of two, `or` the larger, `not` is 2 minus the value.
enum class Truth : uint8_t { no, unknown, yes };

class PredicateScratch {
 public:
  // Valid until the next call of evaluate() with this scratch.
  std::span<const Truth> truths() const { return {levels_.data(), rows_}; }

 private:
  friend class Predicate;
  std::vector<Truth> levels_;
  std::vector<uint8_t> others_;
  size_t rows_ = 0;
};

class Predicate {
 public:
  // `fields` outlives this.
  Predicate(Filter filter, const FieldTable& fields);

  // The truth of all rows of the batch, one after the other.
  std::span<const Truth> evaluate(const FlowBatch& batch, PredicateScratch& scratch) const;
  // For each row 1 if the filter is not true for it, otherwise 0: what FlowBatch::remove_rows() takes. Valid as
  // truths().
  std::span<const uint8_t> others(const FlowBatch& batch, PredicateScratch& scratch) const;

 private:
  void evaluate(const Filter& filter, const FlowBatch& batch, Truth* out, Truth* free) const;
  void evaluate_parts(const Filter& filter, const FlowBatch& batch, Truth* out, Truth* free) const;

  const Filter filter_;
  const FieldTable& fields_;
  size_t levels_ = 0;
};

// nullptr for an empty expression, which selects every row. Throws FilterError.
std::shared_ptr<const Predicate> make_predicate(std::string_view expression, const FieldTable& fields, int64_t now_ns);

}  // namespace weir
