// SPDX-License-Identifier: Apache-2.0
#include "decode/held_reader.h"

namespace weir {
namespace {

// Whether the set came in the message that is being read.
bool is_of(const HeldSet& set, const Sender& sender, const Message& message) {
  return message.sender == &sender && message.sets_held > 0 && message.context.boot == set.context.boot &&
         message.context.sequence == set.context.sequence && message.context.received_ns == set.context.received_ns;
}

}  // namespace

void count_sequence(LedgerEntry& entry, const SequenceChange& change) {
  if (change.lost) entry.sequence_lost.add(change.lost);
  if (change.given_up) entry.expired_records.add(change.given_up);
  if (change.duplicate) entry.duplicates.add();
  if (change.restart) entry.restarts.add();
}

void HeldReader::read(const std::vector<HeldSet>& sets, const Plan& plan, Message* current, bool fallback) {
  for (const HeldSet& set : sets) {
    Sender* sender = senders_.find(set.session, set.context.received_ns);
    if (!sender) {
      give_up({set});
      continue;
    }
    if (sender->session) senders_.refresh(*sender);
    const uint32_t records = read_set(set, plan, *sender, current, fallback);
    if (records > 0) sender->note_records();
    LedgerEntry& entry = *sender->entry;
    entry.held.add(-1);
    entry.held_bytes.add(-static_cast<int64_t>(set.body.size()));
    entry.replayed.add(records);
    entry.replayed_sets.add();
    if (fallback) entry.fallback.add(records);
    if (current && is_of(set, *sender, *current)) {
      --current->sets_held;
      current->records += records;
    } else {
      explain(set, *sender, records);
    }
  }
}

void HeldReader::read(const std::vector<TemplateStore::Fallback>& fallbacks) {
  for (const TemplateStore::Fallback& fallback : fallbacks) read(fallback.sets, *fallback.plan, nullptr, true);
}

void HeldReader::read(const TemplateStore::TakenOver& joined) {
  for (const auto& [plan, sets] : joined.released) read(sets, *plan, nullptr, false);
  give_up(joined.dropped);
}

uint32_t HeldReader::read_set(const HeldSet& set, const Plan& plan, Sender& sender, Message* current, bool fallback) {
  Message message;
  message.sender = &sender;
  message.key = set.session;
  message.observer = observer_;
  message.context = set.context;
  message.start = set.body.data();
  message.exporter = set.session.exporter;
  message.standing = current ? current->standing : Standing::asked;
  message.fallback = fallback;
  const uint64_t init_ms = sender.plans->options->system_init_ms();
  message.base = {set.context.export_ns, set.context.uptime_ms, set.session.protocol == Protocol::netflow9,
                  static_cast<int64_t>(init_ms * 1'000'000)};
  const uint32_t records = records_.read(message, plan, set.body);
  if (current && message.options_changed) current->options_changed = true;
  return records;
}

void HeldReader::explain(const HeldSet& set, Sender& sender, uint32_t records) {
  if (set.context.repeated) return sender.entry->duplicate_records.add(records);
  if (set.session.protocol != Protocol::ipfix) return;
  std::unique_lock lock(sender.stream->mutex);
  if (!sender.stream->follows(set.context.received_ns)) return;
  const SequenceChange change = sender.stream->sequence.explain(set.context.boot, records);
  lock.unlock();
  count_sequence(*sender.entry, change);
}

void HeldReader::give_up(const std::vector<HeldSet>& sets, GivenUp why) {
  for (const HeldSet& set : sets) {
    if (observer_) observer_->given_up(set, why == GivenUp::quarantined);
    auto bytes = static_cast<int64_t>(set.body.size());
    LedgerHold hold = ledger_.hold({set.session.exporter, set.session.protocol, set.session.domain});
    LedgerEntry& entry = *hold;
    entry.held.add(-1);
    entry.held_bytes.add(-bytes);
    (why == GivenUp::expired ? entry.expired : entry.quarantined).add();
    (why == GivenUp::expired ? entry.expired_bytes : entry.quarantined_bytes).add(bytes);
    give_up_sequence(set, entry);
  }
}

void HeldReader::give_up_sequence(const HeldSet& set, LedgerEntry& entry) {
  if (set.session.protocol != Protocol::ipfix || set.context.repeated) return;
  // SenderCache::find() must not be used here: it may add to its table, into which a message being read has a pointer.
  std::shared_ptr<Stream> stream = streams_.known(set.session);
  if (!stream) return;
  std::unique_lock lock(stream->mutex);
  if (!stream->follows(set.context.received_ns)) return;
  const SequenceChange change = stream->sequence.give_up(set.context.boot);
  lock.unlock();
  count_sequence(entry, change);
}

void HeldReader::count_forgotten(const std::vector<TemplateStore::Forgotten>& forgotten) {
  for (const auto& [session, templates] : forgotten) {
    LedgerHold hold = ledger_.hold({session.exporter, session.protocol, session.domain});
    LedgerEntry& entry = *hold;
    entry.templates.add(-static_cast<int64_t>(templates));
    entry.forgotten.add(static_cast<int64_t>(templates));
  }
}

void HeldReader::tick(int64_t monotonic_ns, bool all) {
  read(templates_.take_fallbacks(monotonic_ns, all));
  give_up(templates_.take_expired(monotonic_ns));
  count_forgotten(templates_.forget_old(monotonic_ns));
  templates_.write_journal();
}

}  // namespace weir
