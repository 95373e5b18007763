// SPDX-License-Identifier: Apache-2.0
#include "templates/plan_cache.h"

#include <algorithm>

namespace weir {

std::shared_ptr<const Plan> PlanCache::plan_of(TemplateRecord record, Protocol protocol) {
  std::string key{static_cast<char>(protocol), static_cast<char>(record.kind)};
  key.append(record.wire.begin(), record.wire.end());
  std::weak_ptr<const Plan>& known = plans_[key];
  if (std::shared_ptr<const Plan> plan = known.lock()) return plan;
  std::shared_ptr<const Plan> plan = compile_plan(std::move(record), protocol, fields_);
  known = plan;
  if (plans_.size() >= tidy_at_) drop_unused();
  return plan;
}

void PlanCache::drop_unused() {
  absl::erase_if(plans_, [](const auto& entry) { return entry.second.expired(); });
  tidy_at_ = std::max<size_t>(1'024, 2 * plans_.size());
}

}  // namespace weir
