// SPDX-License-Identifier: Apache-2.0
#include "templates/store.h"

#include <algorithm>
#include <tuple>

#include "base/log.h"
#include "base/time_units.h"
#include "os/clock.h"
#include "templates/fits.h"

namespace weir {

TemplateStore::TemplateStore(const TemplateStoreConfig& config)
    : config_(config), plan_cache_(*config_.fields, config.keep_fields), held_(config.hold, config.budget) {
  if (!config_.journal_path.empty()) load_journal();
}

void TemplateStore::set_limits(const HoldLimits& hold, size_t max_templates_bytes_per_exporter) {
  std::lock_guard lock(mutex_);
  held_.set_limits(hold);
  config_.max_templates_bytes_per_exporter = max_templates_bytes_per_exporter;
}

Session& TemplateStore::session_locked(const SessionKey& key) {
  auto& session = sessions_[key];
  if (!session) session = os::make_shared_state<Session>(key);
  return *session;
}

std::shared_ptr<Session> TemplateStore::session(const SessionKey& key) {
  std::lock_guard lock(mutex_);
  return session_locked(key).shared_from_this();
}

std::shared_ptr<const SessionPlans> TemplateStore::plans(Session& session) {
  std::lock_guard lock(mutex_);
  if (session.borrow_stale_) borrow(session);
  session.given_out_ = session.options_given_out_ = true;
  return session.plans_;
}

// The plans of a session, to be changed. Readers keep the ones they were given before.
SessionPlans& TemplateStore::edit(Session& session) {
  if (session.given_out_) {
    session.plans_ = os::make_shared_state<SessionPlans>(*session.plans_);
    session.given_out_ = false;
    ++copies_;
  }
  session.version_.fetch_add(1, std::memory_order_release);
  return *session.plans_;
}

// ---- Templates

TemplateStore::Installed TemplateStore::install(Session& session, TemplateRecord record, const SetContext& context,
                                                int64_t monotonic_ns, Journaling journaling) {
  std::lock_guard lock(mutex_);
  now_ns_ = monotonic_ns;
  session.seen(context.received_ns);
  Installed installed = install_locked(session, std::move(record), context, monotonic_ns, true);
  if (journaling == Journaling::at_once) write_journal_locked();
  return installed;
}

std::optional<Refused> TemplateStore::refuse(const Session& session, size_t bytes, bool is_known) const {
  auto found = exporters_.find(session.key.exporter);
  static const Exporter kNone;
  const Exporter& exporter = found == exporters_.end() ? kNone : found->second;
  if (!is_known && exporter.templates >= config_.max_templates_per_exporter) return Refused::exporter_templates_full;
  if (exporter.bytes + bytes > config_.max_templates_bytes_per_exporter) return Refused::exporter_templates_full;
  const bool has_fair_share = exporter.templates >= fair_templates(session.key.exporter);
  if (!is_known && templates_ >= config_.max_templates && has_fair_share) return Refused::templates_full;
  if (config_.budget && !config_.budget->may_keep(session.key.exporter, bytes)) return Refused::templates_full;
  return {};
}

// Frees space for the template if there is none; returns the reason if it is refused nevertheless.
std::optional<Refused> TemplateStore::admit(const Session& session, const TemplateRecord& record,
                                            const SetContext& context, std::vector<Forgotten>& forgotten) {
  const size_t bytes = max_template_bytes(record);
  const bool is_known = session.plans_->known(record.id) != nullptr;
  std::optional<Refused> refused = refuse(session, bytes, is_known);
  if (refused == Refused::exporter_templates_full)
    evict_in_exporter(session, context.received_ns, forgotten);
  else if (refused || is_crowded(bytes))
    evict_for_all(session, context.received_ns, forgotten);
  else
    return {};
  return refuse(session, bytes, is_known);
}

// Counts one more; returns whether that is one too many for this second.
bool TemplateStore::comes_too_often(const Session& session, bool is_known, int64_t received_ns) {
  Exporter& exporter = exporters_[session.key.exporter];
  if (exporter.templates == 0 && exporter.second == INT64_MIN) emptied_.push_back(session.key.exporter);
  const int64_t second = received_ns / kSecond;
  if (exporter.second != second) exporter.second = second, exporter.added = exporter.changed = 0;
  uint32_t& count = is_known ? exporter.changed : exporter.added;
  return ++count > (is_known ? limits::kTemplateChangesPerSecond : limits::kTemplatesPerSecond);
}

// The layout in force is no longer the exporter's. Its data sets wait until the template is sent again. A session that
// keeps doing this loses all its templates in one step: those that it sends afterwards are new.
void TemplateStore::refuse_change(Session& session, uint16_t template_id, Installed& result) {
  static constexpr uint32_t kOneByOne = 64;
  const uint32_t changed = exporters_.find(session.key.exporter)->second.changed;
  JournalEntry entry{.kind = JournalEntry::Kind::forgotten, .session = session.key, .template_id = template_id};
  size_t lost = 1;
  if (changed > limits::kTemplateChangesPerSecond + kOneByOne) {
    entry.template_id = 0;
    lost = forget_locked(session);
  } else {
    forget_templates(session, {&template_id, 1});
  }
  append_journal(entry);
  result.forgotten.push_back({session.key, lost});
}

TemplateStore::Installed TemplateStore::install_locked(Session& session, TemplateRecord record,
                                                       const SetContext& context, int64_t now_ns, bool journal) {
  Installed result;
  const uint16_t id = record.id;
  const KnownTemplate* known = session.plans_->known(id);
  const bool is_same = known && known->plan->same_layout(record);
  if (context.boot != session.plans_->boot) {
    if (!is_same) result.refused = admit(session, record, context, result.forgotten);
    if (result.refused) return result;
    install_late(session, std::move(record), context, result);
    return result;
  }
  if (is_same) {
    result.plan = known->plan;
    known->sent_ns->store(now_ns, std::memory_order_relaxed);
    if (known->confirmed()) return result;
    if (journal && comes_too_often(session, false, context.received_ns)) {
      result.refused = Refused::template_changes_full;
      return result;
    }
    confirm(session, *known, context);
    if (journal) write_template(session, *result.plan);
    release(session, id, false, result);
    return result;
  }
  // It arrived late: the layout in force was sent after it, in the same boot.
  if (known && known->confirmed() && known->since_known && sent_before(context, known->since)) return result;
  result.refused = admit(session, record, context, result.forgotten);
  if (journal && !result.refused && comes_too_often(session, known != nullptr, context.received_ns))
    result.refused = Refused::template_changes_full;
  if (result.refused) {
    if (known) refuse_change(session, id, result);
    return result;
  }

  auto next = std::make_shared<KnownTemplate>();
  next->plan = result.plan = plan_cache_.plan_of(std::move(record), session.key.protocol);
  next->since = context;
  next->since_known = journal;
  next->sent_ns = std::make_shared<std::atomic<int64_t>>(now_ns);
  if (known) {
    if (known->confirmed()) next->changed_at = context;
    next->ever_changed = true;
    next->since_ns = now_ns;
    next->previous = known->plan;
    next->previous_sent_in = known->sent_in;
    next->previous_changed_at = known->changed_at;
    if (replaced_.size() > limits::kTemplates) drop_replaced(now_ns);
    replaced_.push_back({now_ns + limits::kPreviousPlanNs, session.weak_from_this(), id});
  }
  result.changed = true;
  result.added = !known;
  put(session, std::move(next));
  if (journal) write_template(session, *result.plan);
  release(session, id, !result.added, result);
  return result;
}

// A template from an earlier boot: it describes the last datagrams of that boot, and not those that arrive now.
void TemplateStore::install_late(Session& session, TemplateRecord record, const SetContext& context,
                                 Installed& result) {
  uint32_t age = session.plans_->boot - context.boot;
  if (age == 0 || age >= kBootsKept) return;
  auto bit = static_cast<uint8_t>(1u << age);
  const KnownTemplate* known = session.plans_->known(record.id);
  auto next = known ? std::make_shared<KnownTemplate>(*known) : std::make_shared<KnownTemplate>();
  if (known && known->plan->same_layout(record)) {
    next->sent_in |= bit;
  } else if (known && known->previous && known->previous->same_layout(record)) {
    next->previous_sent_in |= bit;
  } else if (known) {
    next->ever_changed = true;
    next->previous = plan_cache_.plan_of(std::move(record), session.key.protocol);
    next->previous_sent_in = bit;
  } else {
    next->plan = plan_cache_.plan_of(std::move(record), session.key.protocol);
    next->sent_in = bit;
    next->sent_ns = std::make_shared<std::atomic<int64_t>>(os::monotonic_ns());
    result.changed = result.added = true;
  }
  if (known && next->sent_in == known->sent_in && next->previous == known->previous &&
      next->previous_sent_in == known->previous_sent_in)
    return;
  put(session, std::move(next));
}

// Adds the template, or replaces what is known for its id.
void TemplateStore::put(Session& session, std::shared_ptr<KnownTemplate> known) {
  const Kept before = kept(session);
  SessionPlans& plans = edit(session);
  if (!plans.known(known->plan->id)) {
    Exporter& exporter = exporters_[session.key.exporter];
    if (plans.templates().empty()) {
      with_templates_[group_of(session.key)].push_back(session.shared_from_this());
      exporter.sessions.push_back(session.shared_from_this());
      session.borrow_stale_ = true;
      if (exporter.sessions.size() == limits::kBorrowingSessions + 1)
        announced_again(session);  // from here on none lends
      session.since_ns_ = session.seen_ns_.load(std::memory_order_relaxed);
    }
    ++exporter.templates, ++templates_;
  }
  plans.put(std::move(known));
  charge(session, before);
}

TemplateStore::Kept TemplateStore::kept(const Session& session) {
  return {session.plans_->template_bytes(), session.plans_->options->bytes() + session.borrowed_bytes_};
}

// Charges for the change in what a session keeps, compared with `before`.
void TemplateStore::charge(const Session& session, const Kept& before) {
  const Kept now = kept(session);
  options_bytes_ += now.options - before.options;
  if (now.templates != before.templates) exporters_[session.key.exporter].bytes += now.templates - before.templates;
  if (!config_.budget) return;
  const size_t bytes_before = before.templates + before.options, bytes_now = now.templates + now.options;
  if (bytes_now > bytes_before) config_.budget->add(session.key.exporter, bytes_now - bytes_before);
  if (bytes_now < bytes_before) config_.budget->remove(session.key.exporter, bytes_before - bytes_now);
}

// The template was sent again after a restart, with the same layout.
void TemplateStore::confirm(Session& session, const KnownTemplate& known, const SetContext& context) {
  auto next = std::make_shared<KnownTemplate>(known);
  next->sent_in |= 1;
  next->since = context;
  next->since_known = true;
  put(session, std::move(next));
}

// `must_fit`: another layout was known before, so the held sets may have been meant for that one.
void TemplateStore::release(Session& session, uint16_t template_id, bool must_fit, Installed& result) {
  for (HeldSet& set : held_.take(session.key, template_id))
    (must_fit && !fits(*result.plan, set.body) ? result.quarantined : result.released).push_back(std::move(set));
}

// ---- Restarts

TemplateStore::Restarted TemplateStore::restarted(Session& session, uint32_t boot) {
  std::lock_guard lock(mutex_);
  Restarted result;
  if (static_cast<int32_t>(boot - session.plans_->boot) <= 0) return result;
  bool anything = !session.plans_->templates().empty() || session.plans_->options->system_init_ms() != 0;
  mark_restart(session, boot);
  if (anything) append_journal({.kind = JournalEntry::Kind::restart, .session = session.key});
  write_journal_locked();
  for (HeldSet& set : held_.take_older(session.key, boot)) {
    std::shared_ptr<const Plan> plan = only_layout(*session.plans_, set.template_id, set.body);
    if (plan)
      result.fallbacks.push_back({std::move(plan), {}}), result.fallbacks.back().sets.push_back(std::move(set));
    else
      result.quarantined.push_back(std::move(set));
  }
  return result;
}

std::shared_ptr<const Plan> TemplateStore::only_layout(const SessionPlans& plans, uint16_t template_id,
                                                       Bytes body) const {
  if (config_.fallback_after_ns == 0) return nullptr;
  std::shared_ptr<const Plan> only = plans.only(template_id);
  return only && fits(*only, body) ? only : nullptr;
}

// A boot time announced before a restart is wrong after it; everything else that was announced stays.
void TemplateStore::mark_restart(Session& session, uint32_t boot) {
  SessionPlans& plans = edit(session);
  uint32_t boots = boot - plans.boot;
  auto shifted = [&](uint8_t sent_in) {
    return boots < kBootsKept ? static_cast<uint8_t>(sent_in << boots) : uint8_t{0};
  };
  plans.boot = boot;
  if (plans.options->system_init_ms() != 0) edit_options(session).apply({OptionsFact::Kind::system_init, 0, 0, {}});
  plans.change_all([&](KnownTemplate& known) {
    known.sent_in = shifted(known.sent_in);
    known.previous_sent_in = shifted(known.previous_sent_in);
  });
}

// ---- Data sets that wait

TemplateStore::Held TemplateStore::hold(HeldSet set, std::vector<HeldSet>& dropped) {
  std::lock_guard lock(mutex_);
  auto found = sessions_.find(set.session);
  if (found != sessions_.end()) {
    PlanChoice choice = found->second->plans_->choose(set.template_id, set.context);
    if (choice.plan) return {*choice.plan, false};
    if (choice.quarantine) return {nullptr, true};
  }
  held_.add(std::move(set), dropped);
  return {};
}

// The only layout known for an id across the source ports of an exporter, or null if there are several.
std::shared_ptr<const Plan> TemplateStore::fallback_for(const SessionKey& key, uint16_t template_id) const {
  if (key.is_connection()) return nullptr;
  auto group = with_templates_.find(group_of(key));
  if (group == with_templates_.end()) return nullptr;
  std::shared_ptr<const Plan> only;
  for (const auto& session : group->second) {
    const KnownTemplate* known = session->plans_->known(template_id);
    if (!known || session->key.is_connection()) continue;
    if (only && !only->same_layout(known->plan->record)) return nullptr;
    only = known->plan;
  }
  return only;
}

// The session's own layout from before a restart: more likely to be right than that of any other port.
std::shared_ptr<const Plan> TemplateStore::unconfirmed_of(const SessionKey& key, uint16_t template_id) const {
  auto session = sessions_.find(key);
  if (session == sessions_.end()) return nullptr;
  const KnownTemplate* known = session->second->plans_->known(template_id);
  return known ? known->plan : nullptr;
}

std::vector<TemplateStore::Fallback> TemplateStore::take_fallbacks(int64_t now_ns, bool all) {
  std::vector<Fallback> fallbacks;
  if (config_.fallback_after_ns == 0) return fallbacks;
  std::lock_guard lock(mutex_);
  if (held_.empty()) return fallbacks;
  absl::flat_hash_map<std::pair<GroupKey, uint16_t>, std::shared_ptr<const Plan>> looked_up;
  for (const HeldSets::Waiting& waiting : held_.due(all ? INT64_MAX : now_ns - config_.fallback_after_ns, now_ns)) {
    std::shared_ptr<const Plan> plan = unconfirmed_of(waiting.session, waiting.template_id);
    if (!plan) {
      auto [known, fresh] = looked_up.try_emplace({group_of(waiting.session), waiting.template_id});
      if (fresh) known->second = fallback_for(waiting.session, waiting.template_id);
      plan = known->second;
    }
    if (!plan) continue;
    auto sets = held_.peek(waiting.session, waiting.template_id);
    bool fit = std::all_of(sets.begin(), sets.end(), [&](const HeldSet* s) { return fits(*plan, s->body); });
    if (fit) fallbacks.push_back({plan, held_.take(waiting.session, waiting.template_id)});
  }
  return fallbacks;
}

std::vector<HeldSet> TemplateStore::take_expired(int64_t now_ns) {
  std::vector<HeldSet> expired;
  std::lock_guard lock(mutex_);
  now_ns_ = now_ns;
  write_journal_locked();
  held_.expire(now_ns, expired);
  return expired;
}

std::vector<HeldSet> TemplateStore::take_all_held() {
  std::lock_guard lock(mutex_);
  return held_.take_all();
}

std::vector<HeldSets::Waiting> TemplateStore::waiting(size_t limit) const {
  std::vector<HeldSets::Waiting> keys;
  {
    std::lock_guard lock(mutex_);
    held_.for_each_key([&](const HeldSets::Waiting& key) { keys.push_back(key); }, limits::kWaitingSeen);
  }
  auto before = [](const HeldSets::Waiting& a, const HeldSets::Waiting& b) {
    return std::tuple(b.sets, a.session, a.template_id) < std::tuple(a.sets, b.session, b.template_id);
  };
  size_t kept = std::min(limit, keys.size());
  std::partial_sort(keys.begin(), keys.begin() + static_cast<ptrdiff_t>(kept), keys.end(), before);
  keys.resize(kept);
  return keys;
}

size_t TemplateStore::waiting_count() const {
  std::lock_guard lock(mutex_);
  return held_.keys();
}

uint64_t TemplateStore::copies() const {
  std::lock_guard lock(mutex_);
  return copies_;
}

size_t TemplateStore::template_count() const {
  std::lock_guard lock(mutex_);
  return templates_;
}

void TemplateStore::for_each(const std::function<void(const SessionKey&, const Plan&)>& visit) const {
  std::lock_guard lock(mutex_);
  for (const auto& [key, session] : sessions_)
    session->plans_->templates().for_each([&](const KnownTemplate& known) { visit(key, *known.plan); });
}

}  // namespace weir
