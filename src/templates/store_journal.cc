// SPDX-License-Identifier: Apache-2.0
// TemplateStore: options state, and what the journal keeps of it all.
#include <algorithm>

#include "base/log.h"
#include "os/clock.h"
#include "templates/store.h"

namespace weir {

void TemplateStore::set_sampling(Session& session, std::optional<uint64_t> sampler_id, uint64_t rate) {
  std::lock_guard lock(mutex_);
  if (!set_sampling_locked(session, sampler_id, rate)) return;
  static constexpr uint64_t kNoSampler = UINT64_MAX;
  write_journal({.kind = JournalEntry::Kind::sampling,
                 .session = session.key,
                 .sampling = {sampler_id.value_or(kNoSampler), rate}});
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
  write_journal({.kind = JournalEntry::Kind::system_init, .session = session.key, .system_init_ms = milliseconds});
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
      if (read.read != TemplateRead::ok || record.is_withdrawal()) break;
      SetContext context;
      context.boot = session.plans_->boot;
      context.received_ns = os::realtime_ns();
      session.seen(context.received_ns);
      install_locked(session, std::move(record), context, os::monotonic_ns(), false);
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
    case JournalEntry::Kind::restart:
      mark_restart(session, session.plans_->boot + 1);
      break;
    case JournalEntry::Kind::forgotten:
      if (entry.template_id == 0)
        forget_locked(session);
      else
        forget_templates(session, [&](const KnownTemplate& known) { return known.plan->id == entry.template_id; });
      break;
  }
}

static JournalEntry template_entry(const SessionKey& session, const Plan& plan) {
  bool data = plan.kind == TemplateKind::data;
  return {.kind = data ? JournalEntry::Kind::data_template : JournalEntry::Kind::options_template,
          .session = session,
          .template_wire = plan.record.wire};
}

void TemplateStore::write_template(const Session& session, const Plan& plan) {
  if (journal_) write_journal(template_entry(session.key, plan));
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

// What is not confirmed stands before an entry that says so.
void TemplateStore::append_entries(const Session& session, std::vector<JournalEntry>& entries) {
  const SessionPlans& plans = *session.plans_;
  bool any_unconfirmed = false;
  for (const auto& known : plans.templates) {
    if (known->confirmed()) continue;
    entries.push_back(template_entry(session.key, *known->plan));
    any_unconfirmed = true;
  }
  if (any_unconfirmed) entries.push_back({.kind = JournalEntry::Kind::restart, .session = session.key});
  for (const auto& known : plans.templates)
    if (known->confirmed()) entries.push_back(template_entry(session.key, *known->plan));
  const OptionsState& options = plans.options;
  auto sampling = [&](const SamplingEntry& entry) {
    entries.push_back({.kind = JournalEntry::Kind::sampling, .session = session.key, .sampling = entry});
  };
  for (const SamplingEntry& entry : options.samplers) sampling(entry);
  if (options.sampling_rate) sampling({UINT64_MAX, options.sampling_rate});
  if (options.system_init_ms)
    entries.push_back(
        {.kind = JournalEntry::Kind::system_init, .session = session.key, .system_init_ms = options.system_init_ms});
}

std::vector<JournalEntry> TemplateStore::journal_entries() const {
  std::vector<JournalEntry> entries;
  for (const auto& [key, session] : sessions_) append_entries(*session, entries);
  return entries;
}

}  // namespace weir
