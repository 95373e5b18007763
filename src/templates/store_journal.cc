// SPDX-License-Identifier: Apache-2.0
// TemplateStore: options state, and what the journal stores of templates and options.
#include <algorithm>

#include "base/log.h"
#include "base/time_units.h"
#include "os/clock.h"
#include "templates/store.h"

namespace weir {

static constexpr size_t kAppendedAtOnce = 1u << 20;  // then written, even if more changes follow
static constexpr int64_t kFirstWait = kSecond, kLongestWait = 60 * kSecond;  // between attempts to rewrite it
static constexpr int64_t kSayEvery = 5 * kSecond;

// Like edit(). The caller must charge for what it changes.
OptionsState& TemplateStore::edit_options(Session& session) {
  SessionPlans& plans = edit(session);
  if (session.options_given_out_) plans.options = std::make_shared<OptionsState>(*plans.options);
  session.options_given_out_ = false;
  return const_cast<OptionsState&>(*plans.options);  // copied here, and given to no reader yet
}

void TemplateStore::publish_options(Session& session, std::shared_ptr<const OptionsState> options) {
  const Kept before = kept(session);
  edit(session).options = std::move(options);
  session.options_given_out_ = true;
  charge(session, before);
}

// Exporters repeat their options data all the time: only a change makes a new state.
size_t TemplateStore::apply(Session& session, std::span<const OptionsFact> facts, Journaling journaling) {
  std::lock_guard lock(mutex_);
  size_t refused = 0;
  const Kept before = kept(session);
  OptionsState* options = nullptr;
  for (const OptionsFact& fact : facts) {
    if (session.plans_->options->knows(fact)) continue;
    if ((fact.value != 0 || !fact.text.empty()) && !may_tell(session, fact, before)) {
      ++refused;
      continue;
    }
    if (!options) options = &edit_options(session);
    OptionsChange announced = options->apply(fact);
    refused += announced == OptionsChange::full;
    if (announced == OptionsChange::changed)
      append_journal({.kind = JournalEntry::Kind::fact, .session = session.key, .fact = fact});
  }
  charge(session, before);
  if (options) {
    session.borrow_stale_ = true;
    announced_again(session);
  }
  if (journaling == Journaling::at_once) write_journal_locked();
  return refused;
}

// `before`: what is charged for the session so far; what was announced since is not charged yet.
bool TemplateStore::may_tell(const Session& session, const OptionsFact& fact, const Kept& before) const {
  static constexpr size_t kBesideText = 16;
  const size_t more = session.plans_->options->bytes() + session.borrowed_bytes_ -
                      before.options;  // modulo 2^64: names may have been cut short
  if (options_bytes_ + more >= config_.max_options_bytes) return false;
  const auto growth = static_cast<ptrdiff_t>(more + kBesideText + fact.text.size());
  return !config_.budget || growth <= 0 || config_.budget->may_keep(session.key.exporter, static_cast<size_t>(growth));
}

// Facts are collected in `announced` first, because publishing a state copies all of it.
void TemplateStore::replay(const JournalEntry& entry, ToldOptions& announced) {
  Session& session = session_locked(entry.session);
  auto apply = [&](const OptionsFact& fact) {
    std::shared_ptr<OptionsState>& options = announced[entry.session];
    if (!options) options = std::make_shared<OptionsState>();
    options->apply(fact);
  };
  switch (entry.kind) {
    case JournalEntry::Kind::template_record:
      return replay_template(session, entry);
    case JournalEntry::Kind::fact:
      return apply(entry.fact);
    case JournalEntry::Kind::restart:
      mark_restart(session, session.plans_->boot + 1);
      if (announced.contains(entry.session)) apply({OptionsFact::Kind::system_init, 0, 0, {}});
      return;
    case JournalEntry::Kind::forgotten:
      if (entry.template_id != 0) return forget_templates(session, {&entry.template_id, 1});
      forget_locked(session);
      announced.erase(entry.session);
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
  if (journal_) append_journal(template_entry(session.key, plan));
}

void TemplateStore::write_journal() {
  if (!journal_pending_.load(std::memory_order_relaxed)) return;
  std::lock_guard lock(mutex_);
  write_journal_locked();
}

// While the journal is incomplete, nothing is appended: the rewrite will include it.
void TemplateStore::append_journal(const JournalEntry& entry) {
  if (!journal_ || entry.session.is_connection()) return;
  journal_pending_.store(true, std::memory_order_relaxed);
  if (journal_incomplete_) return;
  journal_->append(entry);
  if (journal_->appended_bytes() >= kAppendedAtOnce) write_journal_locked();
}

// Appends; if most of a large file is stale, rewrites it.
void TemplateStore::write_journal_locked() {
  journal_pending_.store(false, std::memory_order_relaxed);
  if (!journal_) return;
  if (journal_incomplete_) {
    const bool waits = now_ns_ < journal_retry_ns_ && journal_retry_ns_ - now_ns_ <= journal_wait_ns_;
    return waits ? void() : rewrite_journal();
  }
  if (int error = journal_->write()) return journal_failed(error);
  if (journal_->bytes() > limits::kTemplateJournalBytes && journal_->bytes() > 2 * journal_live_bytes_)
    rewrite_journal();
}

void TemplateStore::rewrite_journal() {
  int error = journal_->rewrite([&](const Journal::Visit& visit) {
    for (const auto& [key, session] : sessions_)
      if (!key.is_connection()) visit_entries(*session, visit);
  });
  if (error) return journal_failed(error);
  journal_live_bytes_ = journal_->bytes();
  if (journal_incomplete_) log_info("templates", journal_->path() + " could be written again, and is whole");
  journal_incomplete_ = false;
}

void TemplateStore::journal_failed(int error) {
  journal_wait_ns_ = journal_incomplete_ ? std::min(2 * journal_wait_ns_, kLongestWait) : kFirstWait;
  journal_retry_ns_ = now_ns_ + journal_wait_ns_;
  journal_errors_.fetch_add(1, std::memory_order_relaxed);
  if (!journal_incomplete_)
    log_error("templates", "cannot write " + journal_->path() + ": " + os::error_text(error) +
                               "; templates work, but will be unknown after a restart until it can be written");
  journal_incomplete_ = true;
}

// Unconfirmed templates come first, then the restart entry that marks them as unconfirmed.
void TemplateStore::visit_entries(const Session& session, const Journal::Visit& visit) {
  const SessionPlans& plans = *session.plans_;
  bool any_unconfirmed = false;
  plans.templates().for_each([&](const KnownTemplate& known) {
    if (known.confirmed()) return;
    visit(template_entry(session.key, *known.plan));
    any_unconfirmed = true;
  });
  if (any_unconfirmed) visit({.kind = JournalEntry::Kind::restart, .session = session.key});
  plans.templates().for_each([&](const KnownTemplate& known) {
    if (known.confirmed()) visit(template_entry(session.key, *known.plan));
  });
  plans.options->for_each([&](const OptionsFact& fact) {
    visit({.kind = JournalEntry::Kind::fact, .session = session.key, .fact = fact});
  });
}

// journal_ is null while the journal is read, so that nothing is written to it.
void TemplateStore::load_journal() {
  auto journal = std::make_unique<Journal>(config_.journal_path);
  ToldOptions announced;
  int64_t said_ns = os::monotonic_ns();
  auto goes_on = [&](uint64_t done, uint64_t total) {
    if (config_.stop_loading && config_.stop_loading()) return false;
    if (os::monotonic_ns() - said_ns < kSayEvery) return true;
    said_ns = os::monotonic_ns();
    log_info("templates", "reading " + journal->path() + ": " + std::to_string(done >> 20) + " of " +
                              std::to_string(total >> 20) + " MiB, " + std::to_string(templates_) + " templates");
    return true;
  };
  Journal::Read read = journal->read([&](const JournalEntry& entry) { replay(entry, announced); }, goes_on);
  loading_stopped_ = read.stopped;
  if (read.stopped) return log_info("templates", "stopped while reading " + journal->path() + "; it stays as it was");
  if (read.damaged_places > 0)
    log_warning("templates", journal->path() + " was damaged in " + std::to_string(read.damaged_places) +
                                 " places: " + std::to_string(read.damaged_octets) +
                                 " octets of it are lost, what stands before and after them is kept");
  if (read.octets_cut > 0)
    log_warning("templates", journal->path() + " ended with " + std::to_string(read.octets_cut) +
                                 " octets that are no whole entry, as a crash leaves it; they are cut off");
  for (auto& [key, options] : announced) {
    const size_t bytes = options->bytes();
    if (options_bytes_ + bytes > config_.max_options_bytes) continue;
    if (config_.budget && !config_.budget->may_keep(key.exporter, bytes)) continue;
    publish_options(session_locked(key), std::move(options));
  }
  absl::erase_if(sessions_, [](const auto& entry) {
    const SessionPlans& plans = *entry.second->plans_;
    return plans.templates().empty() && plans.options->empty();
  });
  journal_ = std::move(journal);
  now_ns_ = os::monotonic_ns();
  rewrite_journal();
}

}  // namespace weir
