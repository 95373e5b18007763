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
  journal_ = std::make_unique<Journal>(config_.journal_path, [this](const JournalEntry& entry) { replay(entry); });
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
  if (!plans.plans.empty() || !plans.options.samplers.empty()) return false;
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
  if (journal) {
    const TemplateRecord& kept = result.plan->record;
    write_journal(
        {kept.kind == TemplateKind::data ? JournalEntry::Kind::data_template : JournalEntry::Kind::options_template,
         session.key,
         kept.wire,
         {},
         0});
  }
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

void TemplateStore::set_sampling(Session& session, std::optional<uint64_t> sampler_id, uint64_t rate) {
  std::lock_guard lock(mutex_);
  if (!set_sampling_locked(session, sampler_id, rate)) return;
  static constexpr uint64_t kNoSampler = UINT64_MAX;
  write_journal({JournalEntry::Kind::sampling, session.key, {}, {sampler_id.value_or(kNoSampler), rate}, 0});
}

// True where something changed.
bool TemplateStore::set_sampling_locked(Session& session, std::optional<uint64_t> sampler_id, uint64_t rate) {
  OptionsState options = session.plans_->options;
  bool changed = false;
  if (sampler_id) {
    auto found = std::find_if(options.samplers.begin(), options.samplers.end(),
                              [&](const SamplingEntry& s) { return s.sampler_id == *sampler_id; });
    if (found == options.samplers.end()) {
      if (options.samplers.size() >= limits::kSamplersPerSession) return false;
      options.samplers.push_back({*sampler_id, rate});
      changed = true;
    } else if (found->rate != rate) {
      found->rate = rate;
      changed = true;
    }
  }
  // Flow records without a sampler id take what was named last; among several samplers that is all one can know.
  if ((!sampler_id || changed) && options.sampling_rate != rate) {
    options.sampling_rate = rate;
    changed = true;
  }
  if (!changed) return false;
  auto next = std::make_shared<SessionPlans>(*session.plans_);
  next->options = std::move(options);
  publish(session, std::move(next));
  return true;
}

void TemplateStore::set_system_init(Session& session, uint64_t milliseconds) {
  std::lock_guard lock(mutex_);
  if (session.plans_->options.system_init_ms == milliseconds) return;
  auto next = std::make_shared<SessionPlans>(*session.plans_);
  next->options.system_init_ms = milliseconds;
  publish(session, std::move(next));
  write_journal({JournalEntry::Kind::system_init, session.key, {}, {}, milliseconds});
}

void TemplateStore::replay(const JournalEntry& entry) {
  Session& session = session_locked(entry.session);
  switch (entry.kind) {
    case JournalEntry::Kind::data_template:
    case JournalEntry::Kind::options_template: {
      auto kind = entry.kind == JournalEntry::Kind::data_template ? TemplateKind::data : TemplateKind::options;
      TemplateRecord record;
      ByteReader reader{Bytes(entry.template_wire)};
      TemplateReadResult read = read_template(reader, entry.session.protocol, kind, record);
      if (read.read == TemplateRead::ok && !record.is_withdrawal()) install_locked(session, std::move(record), false);
      break;
    }
    case JournalEntry::Kind::sampling: {
      std::optional<uint64_t> sampler;
      if (entry.sampling.sampler_id != UINT64_MAX) sampler = entry.sampling.sampler_id;
      set_sampling_locked(session, sampler, entry.sampling.rate);
      break;
    }
    case JournalEntry::Kind::system_init: {
      auto next = std::make_shared<SessionPlans>(*session.plans_);
      next->options.system_init_ms = entry.system_init_ms;
      publish(session, std::move(next));
      break;
    }
  }
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
    for (const auto& plan : session->plans_->plans) {
      bool data = plan->kind == TemplateKind::data;
      entries.push_back({data ? JournalEntry::Kind::data_template : JournalEntry::Kind::options_template,
                         key,
                         plan->record.wire,
                         {},
                         0});
    }
    const OptionsState& options = session->plans_->options;
    for (const SamplingEntry& s : options.samplers) entries.push_back({JournalEntry::Kind::sampling, key, {}, s, 0});
    if (options.sampling_rate)
      entries.push_back({JournalEntry::Kind::sampling, key, {}, {UINT64_MAX, options.sampling_rate}, 0});
    if (options.system_init_ms)
      entries.push_back({JournalEntry::Kind::system_init, key, {}, {}, options.system_init_ms});
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
