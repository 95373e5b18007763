// SPDX-License-Identifier: Apache-2.0
// TemplateStore: options state, and what the journal keeps of it all.
#include <algorithm>

#include "base/log.h"
#include "os/clock.h"
#include "templates/store.h"

namespace weir {

void TemplateStore::publish_options(Session& session, std::shared_ptr<const OptionsState> options) {
  auto next = os::make_shared_state<SessionPlans>(*session.plans_);
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
  for (const OptionsFact* fact : changes)
    write_journal({.kind = JournalEntry::Kind::fact, .session = session.key, .fact = *fact});
  return refused;
}

// Facts are gathered in `told`, for a state is copied whole where it is published.
void TemplateStore::replay(const JournalEntry& entry, ToldOptions& told) {
  Session& session = session_locked(entry.session);
  std::shared_ptr<OptionsState>& options = told[entry.session];
  if (!options) options = std::make_shared<OptionsState>();
  switch (entry.kind) {
    case JournalEntry::Kind::template_record:
      return replay_template(session, entry);
    case JournalEntry::Kind::fact:
      options->tell(entry.fact);
      return;
    case JournalEntry::Kind::restart:
      mark_restart(session, session.plans_->boot + 1);
      options->tell({OptionsFact::Kind::system_init, 0, 0, {}});
      return;
    case JournalEntry::Kind::forgotten:
      if (entry.template_id != 0)
        return forget_templates(session, [&](const KnownTemplate& k) { return k.plan->id == entry.template_id; });
      forget_locked(session);
      options = std::make_shared<OptionsState>();
      return;
  }
}

void TemplateStore::replay_template(Session& session, const JournalEntry& entry) {
  TemplateRecord record;
  ByteReader reader{entry.template_wire};
  TemplateReadResult read = read_template(reader, entry.session.protocol, entry.template_kind, record);
  if (read.read != TemplateRead::ok || record.is_withdrawal()) return;
  SetContext context;
  context.boot = session.plans_->boot;
  context.received_ns = os::realtime_ns();
  session.seen(context.received_ns);
  install_locked(session, std::move(record), context, os::monotonic_ns(), false);
}

static JournalEntry template_entry(const SessionKey& session, const Plan& plan) {
  return {.session = session, .template_kind = plan.kind, .template_wire = plan.record.wire};
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
  plans.options->for_each([&](const OptionsFact& fact) {
    entries.push_back({.kind = JournalEntry::Kind::fact, .session = session.key, .fact = fact});
  });
}

std::vector<JournalEntry> TemplateStore::journal_entries() const {
  std::vector<JournalEntry> entries;
  for (const auto& [key, session] : sessions_) append_entries(*session, entries);
  return entries;
}

}  // namespace weir
