// SPDX-License-Identifier: Apache-2.0
#include "templates/session_plans.h"

#include <algorithm>

namespace weir {

// Sequence numbers further apart than this say nothing about the order.
static constexpr int32_t kReorderUnits = 1 << 28;

bool sent_before(const SetContext& a, const SetContext& b) {
  int64_t later = static_cast<int32_t>(a.uptime_ms - b.uptime_ms);
  if (later == 0) later = a.export_ns - b.export_ns;
  auto distance = static_cast<int32_t>(a.sequence - b.sequence);
  if (distance < 0) return distance > -kReorderUnits && later <= 0;
  if (distance > 0) return false;
  return later < 0 || (later == 0 && a.set_offset < b.set_offset);
}

static const Plan* only_template_of(const KnownTemplate& known) {
  return known.confirmed() && !known.previous && !known.changed_at ? known.plan.get() : nullptr;
}

// In addition to its plans: the object, the time it was last received, and its places in the table, allocated
// separately.
static constexpr size_t kKnownBytes = sizeof(KnownTemplate) + 128;

size_t max_template_bytes(const TemplateRecord& record) { return kKnownBytes + max_plan_bytes(record); }

void SessionPlans::put(std::shared_ptr<KnownTemplate> known) {
  known->bytes =
      static_cast<uint32_t>(kKnownBytes + known->plan->bytes + (known->previous ? known->previous->bytes : 0));
  template_bytes_ += known->bytes;
  const uint16_t id = known->plan->id;
  const Plan* only_template = only_template_of(*known);
  const auto at = std::lower_bound(ids_.begin(), ids_.end(), id) - ids_.begin();
  const auto position = static_cast<size_t>(at);
  if (position < ids_.size() && ids_[position] == id) {
    template_bytes_ -= templates_.at(position)->bytes;
    only_templates_[position] = only_template;
    templates_.replace(position, std::move(known));
  } else {
    ids_.insert(ids_.begin() + at, id);
    only_templates_.insert(only_templates_.begin() + at, only_template);
    templates_.insert(position, std::move(known));
  }
}

void SessionPlans::erase(uint16_t template_id) {
  const size_t position = position_of(template_id);
  if (position == ids_.size()) return;
  template_bytes_ -= templates_.at(position)->bytes;
  ids_.erase(ids_.begin() + static_cast<ptrdiff_t>(position));
  only_templates_.erase(only_templates_.begin() + static_cast<ptrdiff_t>(position));
  templates_.erase(position);
}

void SessionPlans::change_all(const std::function<void(KnownTemplate&)>& change) {
  for (size_t i = 0; i < ids_.size(); ++i) {
    auto next = std::make_shared<KnownTemplate>(*templates_.at(i));
    change(*next);
    only_templates_[i] = only_template_of(*next);
    templates_.replace(i, std::move(next));
  }
}

const std::shared_ptr<const OptionsState>& SessionPlans::nothing_announced() {
  static const auto nothing = std::make_shared<const OptionsState>();
  return nothing;
}

size_t SessionPlans::position_of(uint16_t template_id) const {
  auto at = std::lower_bound(ids_.begin(), ids_.end(), template_id);
  return at != ids_.end() && *at == template_id ? static_cast<size_t>(at - ids_.begin()) : ids_.size();
}

const Plan* SessionPlans::only_template(uint16_t template_id, uint32_t of_boot) const {
  size_t at = of_boot == boot ? position_of(template_id) : only_templates_.size();
  return at < only_templates_.size() ? only_templates_[at] : nullptr;
}

const KnownTemplate* SessionPlans::known(uint16_t template_id) const {
  size_t at = position_of(template_id);
  return at < templates_.size() ? templates_.at(at).get() : nullptr;
}

const Plan* SessionPlans::find(uint16_t template_id) const {
  const KnownTemplate* found = known(template_id);
  return found ? found->plan.get() : nullptr;
}

std::shared_ptr<const Plan> SessionPlans::only(uint16_t template_id) const {
  const KnownTemplate* found = known(template_id);
  return found && !found->ever_changed ? found->plan : nullptr;
}

PlanChoice SessionPlans::choose(uint16_t template_id, const SetContext& context) const {
  const KnownTemplate* found = known(template_id);
  uint32_t age = boot - context.boot;
  // From a newer boot than this copy knows: waits. From an older one: a template not sent in that boot never will be.
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
