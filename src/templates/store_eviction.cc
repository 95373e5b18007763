// SPDX-License-Identifier: Apache-2.0
// TemplateStore: forgets templates because of their age, or to free space.
#include <algorithm>

#include "base/time_units.h"
#include "templates/store.h"

namespace weir {
namespace {

constexpr int64_t kToFirstRecord = 10 * kSecond;  // after its templates; exporters send these when they have records

// Searching for something to evict is a walk over many sessions: not too often, whatever is refused or admitted.
bool is_due_again(int64_t& last_ns, int64_t now_ns) {
  static constexpr int64_t kBetween = kSecond / 5;
  if (now_ns >= last_ns && now_ns - last_ns < kBetween) return false;
  last_ns = now_ns;
  return true;
}

// Some space at a time, so that the next newcomer need not search again.
size_t seven_eighths(size_t limit) { return limit - (limit + 7) / 8; }

}  // namespace

bool TemplateStore::forget_if_empty(const SessionKey& key) {
  std::lock_guard lock(mutex_);
  auto found = sessions_.find(key);
  if (found == sessions_.end()) return true;
  const SessionPlans& plans = *found->second->plans_;
  if (!plans.templates().empty() || !plans.options->empty()) return false;
  sessions_.erase(found);
  return true;
}

size_t TemplateStore::forget(const SessionKey& key) {
  std::lock_guard lock(mutex_);
  auto found = sessions_.find(key);
  if (found == sessions_.end()) return 0;
  std::shared_ptr<Session> session = found->second;
  size_t templates = forget_locked(*session);
  append_journal({.kind = JournalEntry::Kind::forgotten, .session = key});
  write_journal_locked();
  sessions_.erase(key);
  return templates;
}

// Forgets all that is known about a session.
size_t TemplateStore::forget_locked(Session& session) {
  size_t templates = session.plans_->templates().size();
  const Kept before = kept(session);
  const uint32_t boot = session.plans_->boot;
  edit(session) = SessionPlans();
  session.plans_->boot = boot;
  session.borrowed_bytes_ = 0;
  session.borrow_stale_ = true;
  session.options_given_out_ = true;  // the empty state is shared by all sessions
  charge(session, before);
  uncount(session, templates);
  return templates;
}

void TemplateStore::forget_templates(Session& session, std::span<const uint16_t> ids) {
  const Kept before = kept(session);
  SessionPlans& plans = edit(session);
  const size_t templates = plans.templates().size();
  for (uint16_t id : ids) plans.erase(id);
  charge(session, before);
  uncount(session, templates - plans.templates().size());
}

size_t TemplateStore::withdraw(Session& session, uint16_t template_id, TemplateKind kind) {
  static constexpr uint16_t kFirstTemplate = 256;
  std::lock_guard lock(mutex_);
  std::vector<uint16_t> ids;
  session.plans_->templates().for_each([&](const KnownTemplate& known) {
    const bool is_meant = template_id >= kFirstTemplate ? known.plan->id == template_id : known.plan->kind == kind;
    if (is_meant) ids.push_back(known.plan->id);
  });
  if (!ids.empty()) forget_templates(session, ids);  // else nothing changes, and readers need not look again
  return ids.size();
}

void TemplateStore::uncount(Session& session, size_t templates) {
  if (templates == 0) return;
  templates_ -= templates;
  auto exporter = exporters_.find(session.key.exporter);
  exporter->second.templates -= templates;
  if (!session.plans_->templates().empty()) return;
  auto is_this = [&](const auto& s) { return s.get() == &session; };
  auto group = with_templates_.find(group_of(session.key));
  std::erase_if(group->second, is_this);
  if (group->second.empty()) with_templates_.erase(group);
  announced_again(session);
  std::erase_if(exporter->second.sessions, is_this);
  if (exporter->second.sessions.empty()) emptied_.push_back(session.key.exporter);
}

// Not at once: the counts of the current second still apply.
void TemplateStore::drop_empty_exporters() {
  for (const IpAddress& address : std::exchange(emptied_, {})) {
    auto exporter = exporters_.find(address);
    if (exporter != exporters_.end() && exporter->second.templates == 0) exporters_.erase(exporter);
  }
}

// ---- Space

bool TemplateStore::is_crowded(size_t bytes) const {
  const SenderBudget* budget = config_.budget;
  return templates_ >= config_.max_templates || (budget && budget->total() + bytes > budget->limit());
}

// Of all templates, with that exporter among those that share them.
size_t TemplateStore::fair_templates(const IpAddress& newcomer) const {
  return config_.max_templates / (exporters_.size() + (exporters_.contains(newcomer) ? 0 : 1));
}

// Sessions that never gave a record are evicted at once; others only after they have been idle for long.
void TemplateStore::evict_in_exporter(const Session& newcomer, int64_t received_ns, std::vector<Forgotten>& forgotten) {
  auto found = exporters_.find(newcomer.key.exporter);
  if (found == exporters_.end()) return;
  Exporter& exporter = found->second;
  if (!is_due_again(exporter.swept_ns, received_ns)) return;
  const size_t templates = seven_eighths(config_.max_templates_per_exporter);
  const size_t bytes = seven_eighths(config_.max_templates_bytes_per_exporter);
  std::vector<Candidate> candidates;
  for (const auto& session : exporter.sessions) {
    const bool is_idle = received_ns - session->seen_ns_.load(std::memory_order_relaxed) > limits::kIdleSessionNs;
    if (session.get() == &newcomer || (session->has_given_record() && !is_idle)) continue;
    candidates.push_back(candidate(*session, session->has_given_record() ? Turn::gave_record : Turn::no_record));
  }
  auto is_over = [&](const Candidate&) { return exporter.templates > templates || exporter.bytes > bytes; };
  evict(std::move(candidates), is_over, forgotten);
}

// Sessions that have given a record are evicted only while their exporter holds more than a fair share.
void TemplateStore::evict_for_all(const Session& newcomer, int64_t received_ns, std::vector<Forgotten>& forgotten) {
  if (!is_due_again(swept_ns_, received_ns)) return;
  const SenderBudget* budget = config_.budget;
  const size_t fair_count = fair_templates(newcomer.key.exporter), goal = seven_eighths(config_.max_templates);
  const bool by_count = templates_ >= config_.max_templates;
  const size_t fair_bytes = budget ? budget->fair_share() : 0, bytes_goal = budget ? seven_eighths(budget->limit()) : 0;
  const auto still_too_many = [&] { return by_count && templates_ > goal; };
  const auto still_too_large = [&] { return budget && budget->total() > bytes_goal; };
  const auto is_over = [&](const IpAddress& address) {
    if (still_too_many() && exporters_.find(address)->second.templates > fair_count) return true;
    return still_too_large() && budget->of(address) > fair_bytes;
  };
  std::vector<Candidate> candidates;
  for (const auto& [address, exporter] : exporters_) {
    const bool over = is_over(address);
    for (const auto& session : exporter.sessions) {
      const bool gave = session->has_given_record(), is_new = received_ns - session->since_ns_ <= kToFirstRecord;
      if (session.get() == &newcomer || (!over && (gave || is_new))) continue;
      candidates.push_back(candidate(*session, gave   ? Turn::gave_record
                                               : over ? Turn::no_record
                                                      : Turn::no_record_for_long));
    }
  }
  auto is_due = [&](const Candidate& c) {
    if (c.turn == Turn::no_record_for_long) return still_too_many() || still_too_large();
    return is_over(c.session->key.exporter);
  };
  evict(std::move(candidates), is_due, forgotten);
}

void TemplateStore::evict(std::vector<Candidate> candidates, const std::function<bool(const Candidate&)>& is_due,
                          std::vector<Forgotten>& forgotten) {
  std::sort(candidates.begin(), candidates.end());
  for (const Candidate& c : candidates) {
    if (!is_due(c)) continue;
    size_t lost = forget_locked(*c.session);
    append_journal({.kind = JournalEntry::Kind::forgotten, .session = c.session->key});
    forgotten.push_back({c.session->key, lost});
  }
}

// ---- Age

std::vector<TemplateStore::Forgotten> TemplateStore::forget_old(int64_t now_ns) {
  std::lock_guard lock(mutex_);
  now_ns_ = now_ns;
  drop_replaced(now_ns);
  drop_empty_exporters();
  std::vector<Forgotten> forgotten;
  if (config_.lifetime_ns == 0 || now_ns < next_aging_ns_) return forgotten;
  next_aging_ns_ = now_ns + std::min(config_.lifetime_ns / 16, 10 * kSecond);
  auto is_old = [&](const KnownTemplate& known) {
    return now_ns - known.sent_ns->load(std::memory_order_relaxed) > config_.lifetime_ns;
  };
  std::vector<std::shared_ptr<Session>> all;
  for (const auto& [address, exporter] : exporters_)
    all.insert(all.end(), exporter.sessions.begin(), exporter.sessions.end());
  for (const auto& session : all) {
    std::vector<uint16_t> ids;
    session->plans_->templates().for_each([&](const KnownTemplate& known) {
      if (is_old(known)) ids.push_back(known.plan->id);
    });
    if (ids.empty()) continue;
    forget_templates(*session, ids);
    for (uint16_t id : ids)
      append_journal({.kind = JournalEntry::Kind::forgotten, .session = session->key, .template_id = id});
    forgotten.push_back({session->key, ids.size()});
  }
  write_journal_locked();
  return forgotten;
}

// Drops layouts that were replaced a while ago: no data of theirs will arrive any more.
void TemplateStore::drop_replaced(int64_t now_ns) {
  while (!replaced_.empty() && (replaced_.front().until_ns <= now_ns || replaced_.size() > limits::kTemplates)) {
    Replaced replaced = replaced_.front();
    replaced_.pop_front();
    std::shared_ptr<Session> session = replaced.session.lock();
    const KnownTemplate* known = session ? session->plans_->known(replaced.template_id) : nullptr;
    if (!known || !known->previous || known->since_ns > replaced.until_ns - limits::kPreviousPlanNs) continue;
    auto next = std::make_shared<KnownTemplate>(*known);
    next->previous = nullptr;
    next->previous_sent_in = 0;
    put(*session, std::move(next));
  }
}

}  // namespace weir
