// SPDX-License-Identifier: Apache-2.0
// TemplateStore: what is forgotten, for its age or to make room.
#include <algorithm>

#include "templates/store.h"

namespace weir {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// Looking for room costs a walk: at most once a second, whatever is refused meanwhile.
bool is_due(int64_t& last_ns, int64_t now_ns) {
  if (now_ns >= last_ns && now_ns - last_ns < kSecond) return false;
  last_ns = now_ns;
  return true;
}

// Some room at a time, so that the next newcomer need not look for it.
size_t seven_eighths(size_t most) { return most - (most + 7) / 8; }

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

// All that is known of a session.
size_t TemplateStore::forget_locked(Session& session) {
  size_t templates = session.plans_->templates().size();
  options_bytes_ -= session.plans_->options->bytes();
  const uint32_t boot = session.plans_->boot;
  edit(session) = SessionPlans();
  session.plans_->boot = boot;
  session.options_given_out_ = true;  // the one for all
  uncount(session, templates);
  return templates;
}

void TemplateStore::forget_templates(Session& session, std::span<const uint16_t> ids) {
  SessionPlans& plans = edit(session);
  const size_t before = plans.templates().size();
  for (uint16_t id : ids) plans.erase(id);
  uncount(session, before - plans.templates().size());
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
  std::erase_if(exporter->second.sessions, is_this);
  if (exporter->second.sessions.empty()) emptied_.push_back(session.key.exporter);
}

// Not at once: what came in this second still counts.
void TemplateStore::drop_empty_exporters() {
  for (const IpAddress& address : std::exchange(emptied_, {})) {
    auto exporter = exporters_.find(address);
    if (exporter != exporters_.end() && exporter->second.templates == 0) exporters_.erase(exporter);
  }
}

// ---- Room

void TemplateStore::make_room(const Session& newcomer, Refused reason, int64_t received_ns,
                              std::vector<Forgotten>& forgotten) {
  if (reason == Refused::exporter_templates_full) {
    Exporter& exporter = exporters_[newcomer.key.exporter];
    size_t goal = seven_eighths(config_.most_templates_per_exporter);
    if (is_due(exporter.swept_ns, received_ns))
      evict_idle(exporter.sessions, received_ns, exporter.templates - std::min(goal, exporter.templates), forgotten);
    return;
  }
  if (!is_due(swept_ns_, received_ns)) return;
  std::vector<std::shared_ptr<Session>> all;
  for (const auto& [address, exporter] : exporters_)
    all.insert(all.end(), exporter.sessions.begin(), exporter.sessions.end());
  evict_idle(std::move(all), received_ns, templates_ - std::min(templates_, seven_eighths(config_.most_templates)),
             forgotten);
}

// Sessions that have sent nothing for long give up what they have, the idlest first, until so many templates are gone.
void TemplateStore::evict_idle(std::vector<std::shared_ptr<Session>> sessions, int64_t received_ns, size_t templates,
                               std::vector<Forgotten>& forgotten) {
  auto seen = [](const auto& s) { return s->seen_ns_.load(std::memory_order_relaxed); };
  std::erase_if(sessions, [&](const auto& s) { return received_ns - seen(s) <= limits::kIdleSessionNs; });
  std::sort(sessions.begin(), sessions.end(), [&](const auto& a, const auto& b) { return seen(a) < seen(b); });
  size_t gone = 0;
  for (const auto& session : sessions) {
    if (gone >= templates) return;
    size_t lost = forget_locked(*session);
    append_journal({.kind = JournalEntry::Kind::forgotten, .session = session->key});
    forgotten.push_back({session->key, lost});
    gone += lost;
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

// Layouts that were replaced a while ago: nothing of theirs will come any more.
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
