// SPDX-License-Identifier: Apache-2.0
// Caches plans by layout: exporters of one kind send the same templates, and share one plan. Ten thousand of them then
// need no more memory, and no more of the CPU's caches, than one.
//
//   threads  none; the owner locks
//   memory   the plans in use, and as many entries again for plans that no longer are
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>

#include "templates/plan.h"

namespace weir {

class PlanCache {
 public:
  explicit PlanCache(const FieldTable& fields, KeepFields keep = KeepFields::yes) : fields_(fields), keep_(keep) {}
  // Never null.
  std::shared_ptr<const Plan> plan_of(TemplateRecord record, Protocol protocol);
  size_t size() const { return plans_.size(); }

 private:
  void drop_unused();

  const FieldTable& fields_;
  const KeepFields keep_;
  // By a hash of protocol, kind and template record. If two layouts have the same hash, the last one is shared.
  absl::flat_hash_map<size_t, std::weak_ptr<const Plan>> plans_;
  size_t tidy_at_ = 1'024;
};

}  // namespace weir
