// SPDX-License-Identifier: Apache-2.0
#include "templates/session_plans.h"

#include <algorithm>

namespace weir {

// Further apart, numbers tell nothing of the order.
static constexpr int32_t kReorderUnits = 1 << 28;

bool sent_before(const SetContext& a, const SetContext& b) {
  int64_t later = static_cast<int32_t>(a.uptime_ms - b.uptime_ms);
  if (later == 0) later = a.export_ns - b.export_ns;
  auto distance = static_cast<int32_t>(a.sequence - b.sequence);
  if (distance < 0) return distance > -kReorderUnits && later <= 0;
  if (distance > 0) return false;
  return later < 0 || (later == 0 && a.set_offset < b.set_offset);
}

const KnownTemplate* SessionPlans::known(uint16_t template_id) const {
  auto at = std::lower_bound(templates.begin(), templates.end(), template_id,
                             [](const auto& known, uint16_t id) { return known->plan->id < id; });
  return at != templates.end() && (*at)->plan->id == template_id ? at->get() : nullptr;
}

const Plan* SessionPlans::find(uint16_t template_id) const {
  const KnownTemplate* found = known(template_id);
  return found ? found->plan.get() : nullptr;
}

PlanChoice SessionPlans::choose(uint16_t template_id, const SetContext& context) const {
  const KnownTemplate* found = known(template_id);
  uint32_t age = boot - context.boot;
  // Of a newer boot than this copy knows: waits. Of an older one: what was not sent in it never will be.
  bool is_older = age != 0 && age < 0x8000'0000u;
  if (!found || age >= kBootsKept) return {nullptr, is_older};
  uint8_t bit = static_cast<uint8_t>(1u << age);
  auto is_before = [&](const std::optional<SetContext>& change) {
    return change && change->boot == context.boot && sent_before(context, *change);
  };
  const bool before_change = is_before(found->changed_at);
  if ((found->sent_in & bit) && !before_change) return {&found->plan, false};
  if (found->previous && (found->previous_sent_in & bit) && !is_before(found->previous_changed_at))
    return {&found->previous, false};
  if (before_change || (found->previous_sent_in & bit)) return {nullptr, true};
  return {nullptr, is_older};
}

}  // namespace weir
