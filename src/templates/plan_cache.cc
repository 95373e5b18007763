// SPDX-License-Identifier: Apache-2.0
#include "templates/plan_cache.h"

#include <algorithm>
#include <string_view>

namespace weir {

std::shared_ptr<const Plan> PlanCache::plan_of(TemplateRecord record, Protocol protocol) {
  const std::string_view wire(reinterpret_cast<const char*>(record.wire.data()), record.wire.size());
  std::weak_ptr<const Plan>& known = plans_[absl::HashOf(protocol, record.kind, wire)];
  std::shared_ptr<const Plan> plan = known.lock();
  if (plan && plan->protocol == protocol && plan->same_layout(record)) return plan;
  plan = compile_plan(std::move(record), protocol, fields_, keep_);
  known = plan;
  if (plans_.size() >= tidy_at_) drop_unused();
  return plan;
}

void PlanCache::drop_unused() {
  absl::erase_if(plans_, [](const auto& entry) { return entry.second.expired(); });
  tidy_at_ = std::max<size_t>(1'024, 2 * plans_.size());
}

}  // namespace weir
