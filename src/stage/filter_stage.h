// SPDX-License-Identifier: Apache-2.0
// FilterStage: removes the rows for which a filter is not true (collect.where). They are counted as `filtered`.
#pragma once

#include <memory>

#include "filter/predicate.h"
#include "stage/stage.h"

namespace weir {

class FilterStage final : public Stage {
 public:
  // nullptr: every row stays.
  explicit FilterStage(std::shared_ptr<const Predicate> where) : where_(std::move(where)) {}
  // Only while no batch passes.
  void set(std::shared_ptr<const Predicate> where) { where_ = std::move(where); }

  std::string_view name() const override { return "collect.where"; }
  FieldMask columns() const override { return {}; }
  void pass(StageBatch& batch) override;

 private:
  std::shared_ptr<const Predicate> where_;
};

}  // namespace weir
