// SPDX-License-Identifier: Apache-2.0
// TemplateStore: merges the sessions of an exporter whose source ports no longer distinguish sessions.
#include <algorithm>

#include "templates/fits.h"
#include "templates/store.h"

namespace weir {

TemplateStore::TakenOver TemplateStore::take_over_ports(Session& session, int64_t monotonic_ns) {
  std::lock_guard lock(mutex_);
  now_ns_ = monotonic_ns;
  TakenOver result;
  const GroupKey group = group_of(session.key);
  std::vector<std::shared_ptr<Session>> ports;
  for (const auto& [key, other] : sessions_)
    if (group_of(key) == group && !key.is_connection() && other.get() != &session) ports.push_back(other);
  auto seen = [](const auto& s) { return s->seen_ns_.load(std::memory_order_relaxed); };
  std::ranges::sort(ports, std::ranges::greater{}, seen);
  take_templates(session, ports, result);
  take_options(session, ports);
  for (const auto& port : ports) {
    const bool had_any = !port->plans_->templates().empty() || !port->plans_->options->empty();
    result.templates += forget_locked(*port);
    if (had_any) append_journal({.kind = JournalEntry::Kind::forgotten, .session = port->key});
    sessions_.erase(SessionKey(port->key));
  }
  take_held(session, monotonic_ns, result);
  write_journal_locked();
  return result;
}

void TemplateStore::take_templates(Session& session, const std::vector<std::shared_ptr<Session>>& ports,
                                   TakenOver& result) {
  auto sent_ns = [](const KnownTemplate& known) { return known.sent_ns->load(std::memory_order_relaxed); };
  const uint32_t boot = session.plans_->boot;
  for (const auto& port : ports)
    port->plans_->templates().for_each([&](const KnownTemplate& of_port) {
      const KnownTemplate* own = session.plans_->known(of_port.plan->id);
      if (own && sent_ns(*own) >= sent_ns(of_port)) return;
      result.added += !own;
      auto next = std::make_shared<KnownTemplate>(of_port);
      next->since.boot = boot;
      if (next->changed_at) next->changed_at->boot = boot;
      if (next->previous_changed_at) next->previous_changed_at->boot = boot;
      put(session, std::move(next));
    });
  session.plans_->templates().for_each([&](const KnownTemplate& known) { write_template(session, *known.plan); });
}

void TemplateStore::take_options(Session& session, const std::vector<std::shared_ptr<Session>>& ports) {
  for (const auto& port : ports) {
    if (!session.plans_->options->empty() || port->plans_->options->empty()) continue;
    publish_options(session, port->plans_->options);
    session.plans_->options->for_each([&](const OptionsFact& fact) {
      append_journal({.kind = JournalEntry::Kind::fact, .session = session.key, .fact = fact});
    });
    session.borrow_stale_ = true;
    announced_again(session);
  }
}

// Sets whose template is not known start to wait now.
void TemplateStore::take_held(Session& session, int64_t now_ns, TakenOver& result) {
  std::vector<HeldSets::Waiting> keys;
  held_.for_each_key(
      [&](const HeldSets::Waiting& key) {
        if (group_of(key.session) == group_of(session.key) && !key.session.is_connection()) keys.push_back(key);
      },
      held_.keys());
  std::ranges::sort(keys, {}, &HeldSets::Waiting::since_ns);
  for (const HeldSets::Waiting& key : keys) {
    const KnownTemplate* known = session.plans_->known(key.template_id);
    for (HeldSet& set : held_.take(key.session, key.template_id)) {
      set.session = session.key;
      set.context.boot = session.plans_->boot;
      set.held_since_ns = now_ns;
      if (!known || !fits(*known->plan, set.body))
        held_.add(std::move(set), result.dropped);
      else if (!result.released.empty() && result.released.back().plan == known->plan)
        result.released.back().sets.push_back(std::move(set));
      else
        result.released.push_back({known->plan, {}}), result.released.back().sets.push_back(std::move(set));
    }
  }
}

}  // namespace weir
