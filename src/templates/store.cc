// SPDX-License-Identifier: Apache-2.0
#include "templates/store.h"

#include <algorithm>

#include "base/log.h"
#include "os/clock.h"
#include "templates/fits.h"

namespace weir {

static auto position_of(const std::vector<std::shared_ptr<const Plan>>& plans, uint16_t template_id) {
  return std::lower_bound(plans.begin(), plans.end(), template_id,
                          [](const auto& p, uint16_t id) { return p->id < id; });
}

const Plan* SessionPlans::find(uint16_t template_id) const {
  auto found = position_of(plans, template_id);
  return found != plans.end() && (*found)->id == template_id ? found->get() : nullptr;
}

TemplateStore::TemplateStore(const TemplateStoreConfig& config) : config_(config), held_(config.hold) {
  if (config_.journal_path.empty()) return;
  ToldOptions told;
  journal_ = std::make_unique<Journal>(config_.journal_path, [&](const JournalEntry& entry) { replay(entry, told); });
  for (auto& [key, options] : told) publish_options(session_locked(key), std::move(options));
  if (int error = journal_->rewrite(journal_entries()))
    log_warning("templates", "cannot tidy " + config_.journal_path + ": " + os::error_text(error));
  journal_live_bytes_ = journal_->bytes();
}

Session& TemplateStore::session_locked(const SessionKey& key) {
  auto& session = sessions_[key];
  if (!session) session = std::make_shared<Session>(key);
  return *session;
}

std::shared_ptr<Session> TemplateStore::session(const SessionKey& key) {
  std::lock_guard lock(mutex_);
  session_locked(key);
  return sessions_[key];
}

bool TemplateStore::forget_if_empty(const SessionKey& key) {
  std::lock_guard lock(mutex_);
  auto found = sessions_.find(key);
  if (found == sessions_.end()) return true;
  const SessionPlans& plans = *found->second->plans_;
  if (!plans.plans.empty() || !plans.options->empty()) return false;
  sessions_.erase(found);
  return true;
}

std::shared_ptr<const SessionPlans> TemplateStore::plans(const Session& session) const {
  std::lock_guard lock(mutex_);
  return session.plans_;
}

void TemplateStore::publish(Session& session, std::shared_ptr<SessionPlans> plans) {
  session.plans_ = std::move(plans);
  session.version_.fetch_add(1, std::memory_order_release);
}

TemplateStore::Installed TemplateStore::install(Session& session, TemplateRecord record) {
  std::lock_guard lock(mutex_);
  return install_locked(session, std::move(record), true);
}

TemplateStore::Installed TemplateStore::install_locked(Session& session, TemplateRecord record, bool journal) {
  Installed result;
  uint16_t id = record.id;
  const auto& known = session.plans_->plans;
  auto at = position_of(known, id);
  bool replaces = at != known.end() && (*at)->id == id;
  if (replaces && (*at)->same_layout(record)) {
    result.plan = *at;
    return result;
  }
  auto counted = templates_of_exporter_.find(session.key.exporter);
  size_t of_exporter = counted == templates_of_exporter_.end() ? 0 : counted->second;
  if (!replaces && of_exporter >= config_.most_templates_per_exporter) {
    result.refused = Refused::exporter_templates_full;
    return result;
  }
  if (!replaces && templates_ >= config_.most_templates) {
    result.refused = Refused::templates_full;
    return result;
  }
  result.changed = true;
  result.added = !replaces;
  result.plan = compile_plan(std::move(record), session.key.protocol, *config_.fields);
  auto plans = std::make_shared<SessionPlans>(*session.plans_);
  auto where = plans->plans.begin() + (at - known.begin());
  if (replaces)
    *where = result.plan;
  else
    plans->plans.insert(where, result.plan);
  if (known.empty()) with_templates_[group_of(session.key)].push_back(session.shared_from_this());
  if (!replaces) ++templates_of_exporter_[session.key.exporter], ++templates_;
  publish(session, std::move(plans));
  if (journal) write_journal({session.key, result.plan->kind, result.plan->record.wire, {}});
  result.released = held_.take(session.key, id);
  return result;
}

std::shared_ptr<const Plan> TemplateStore::hold(HeldSet set, std::vector<HeldSet>& dropped) {
  std::lock_guard lock(mutex_);
  auto found = sessions_.find(set.session);
  if (found != sessions_.end()) {
    const auto& plans = found->second->plans_->plans;
    auto at = position_of(plans, set.template_id);
    if (at != plans.end() && (*at)->id == set.template_id) return *at;
  }
  held_.add(std::move(set), dropped);
  return nullptr;
}

void TemplateStore::publish_options(Session& session, std::shared_ptr<const OptionsState> options) {
  auto next = std::make_shared<SessionPlans>(*session.plans_);
  options_bytes_ += options->bytes() - next->options->bytes();
  next->options = std::move(options);
  publish(session, std::move(next));
}

// Exporters repeat what they told all the time: only a change makes a new state.
size_t TemplateStore::tell(Session& session, std::span<const OptionsFact> facts) {
  std::lock_guard lock(mutex_);
  size_t refused = 0;
  std::shared_ptr<OptionsState> next;
  const OptionsState& now = *session.plans_->options;
  std::vector<const OptionsFact*> changes;
  for (const OptionsFact& fact : facts) {
    if (!next && now.knows(fact)) continue;
    if (options_bytes_ >= config_.most_options_bytes && (fact.value != 0 || !fact.text.empty())) {
      ++refused;
      continue;
    }
    if (!next) next = std::make_shared<OptionsState>(now);
    Told told = next->tell(fact);
    refused += told == Told::full;
    if (told == Told::changed) changes.push_back(&fact);
  }
  if (changes.empty()) return refused;
  publish_options(session, std::move(next));
  for (const OptionsFact* fact : changes) write_journal({session.key, {}, {}, *fact});
  return refused;
}

void TemplateStore::replay(const JournalEntry& entry, ToldOptions& told) {
  Session& session = session_locked(entry.session);
  if (entry.template_wire.empty()) {
    std::shared_ptr<OptionsState>& options = told[entry.session];
    if (!options) options = std::make_shared<OptionsState>();
    options->tell(entry.fact);
    return;
  }
  TemplateRecord record;
  ByteReader reader{entry.template_wire};
  TemplateReadResult read = read_template(reader, entry.session.protocol, entry.template_kind, record);
  if (read.read == TemplateRead::ok && !record.is_withdrawal()) install_locked(session, std::move(record), false);
}

// Appends; where most of a large file is stale, writes it anew.
void TemplateStore::write_journal(const JournalEntry& entry) {
  if (!journal_) return;
  int error = journal_incomplete_ ? journal_->rewrite(journal_entries()) : journal_->append(entry);
  journal_incomplete_ = error != 0;
  if (!error && journal_->bytes() > limits::kTemplateJournalBytes && journal_->bytes() > 4 * journal_live_bytes_) {
    error = journal_->rewrite(journal_entries());
    journal_live_bytes_ = journal_->bytes();
  }
  if (error && journal_errors_.fetch_add(1, std::memory_order_relaxed) == 0)
    log_error("templates", "cannot write " + journal_->path() + ": " + os::error_text(error) +
                               "; templates work, but will be unknown after a restart");
}

std::vector<JournalEntry> TemplateStore::journal_entries() const {
  std::vector<JournalEntry> entries;
  for (const auto& [key, session] : sessions_) {
    for (const auto& plan : session->plans_->plans) entries.push_back({key, plan->kind, plan->record.wire, {}});
    session->plans_->options->for_each([&](const OptionsFact& fact) { entries.push_back({key, {}, {}, fact}); });
  }
  return entries;
}

// The one layout known for an id across the ports of an exporter, or nothing where there are several.
std::shared_ptr<const Plan> TemplateStore::fallback_for(const SessionKey& key, uint16_t template_id) const {
  auto group = with_templates_.find(group_of(key));
  if (group == with_templates_.end()) return nullptr;
  std::shared_ptr<const Plan> only;
  for (const auto& session : group->second) {
    const auto& plans = session->plans_->plans;
    auto at = position_of(plans, template_id);
    if (at == plans.end() || (*at)->id != template_id) continue;
    if (only && !only->same_layout((*at)->record)) return nullptr;
    only = *at;
  }
  return only;
}

std::vector<TemplateStore::Fallback> TemplateStore::take_fallbacks(int64_t now_ns, bool all) {
  std::vector<Fallback> fallbacks;
  if (config_.fallback_after_ns == 0) return fallbacks;
  std::lock_guard lock(mutex_);
  if (held_.empty()) return fallbacks;
  absl::flat_hash_map<std::pair<GroupKey, uint16_t>, std::shared_ptr<const Plan>> looked_up;
  for (const HeldSets::Waiting& waiting : held_.due(all ? INT64_MAX : now_ns - config_.fallback_after_ns, now_ns)) {
    auto [known, fresh] = looked_up.try_emplace({group_of(waiting.session), waiting.template_id});
    if (fresh) known->second = fallback_for(waiting.session, waiting.template_id);
    std::shared_ptr<const Plan> plan = known->second;
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
  if (journal_incomplete_) journal_incomplete_ = journal_->rewrite(journal_entries()) != 0;
  held_.expire(now_ns, expired);
  return expired;
}

std::vector<HeldSet> TemplateStore::take_all_held() {
  std::lock_guard lock(mutex_);
  return held_.take_all();
}

size_t TemplateStore::template_count() const {
  std::lock_guard lock(mutex_);
  return templates_;
}

void TemplateStore::for_each(const std::function<void(const SessionKey&, const Plan&)>& visit) const {
  std::lock_guard lock(mutex_);
  for (const auto& [key, session] : sessions_)
    for (const auto& plan : session->plans_->plans) visit(key, *plan);
}

}  // namespace weir
