// SPDX-License-Identifier: Apache-2.0
// Decoder: data sets that came before their template.
#include "decode/decoder.h"
#include "os/clock.h"

namespace weir {

static FlowType flow_type(Protocol protocol) {
  return protocol == Protocol::netflow9 ? FlowType::netflow9 : FlowType::ipfix;
}

// Whether it was held from the message that is being read.
bool Decoder::is_of(const HeldSet& set, const Message& message) const {
  return message.sets_held > 0 && message.context.boot == set.context.boot &&
         message.context.sequence == set.context.sequence && message.context.received_ns == set.context.received_ns;
}

// `current`: the message whose template released the sets. Its own sets are part of its record count; those of
// earlier messages explain the gap that they left in the sequence numbers.
void Decoder::replay(std::vector<HeldSet> sets, std::shared_ptr<const Plan> plan, Message* current, bool fallback) {
  for (HeldSet& set : sets) {
    Known* sender = known(set.session, set.context.received_ns);
    if (!sender) {
      give_up({std::move(set)});
      continue;
    }
    if (sender->session) refresh(*sender);
    Message message;
    message.known = sender;
    message.context = set.context;
    message.start = set.body.data();
    message.exporter = set.session.exporter;
    message.exporter_port = set.session.port;
    message.protocol = set.session.protocol;
    message.type = flow_type(set.session.protocol);
    message.domain = set.session.domain;
    message.fallback = fallback;
    uint64_t init_ms = sender->plans->options->system_init_ms();
    message.base = {set.context.export_ns, set.context.uptime_ms, message.protocol == Protocol::netflow9,
                    static_cast<int64_t>(init_ms * 1'000'000)};
    uint32_t records = read_records(message, *plan, set.body);
    if (records > 0) note_records(*sender);
    Account& account = *sender->account;
    account.held.add(-1);
    account.held_bytes.add(-static_cast<int64_t>(set.body.size()));
    account.replayed.add(records);
    account.replayed_sets.add();
    if (fallback) account.fallback.add(records);
    if (current && current->known == sender && is_of(set, *current)) {
      --current->sets_held;
      current->records += records;
    } else if (set.context.repeated) {
      account.duplicate_records.add(records);
    } else if (message.protocol == Protocol::ipfix) {
      std::unique_lock lock(sender->stream->mutex);
      SequenceChange change = sender->stream->sequence.explain(set.context.boot, records);
      lock.unlock();
      count(account, change);
    }
  }
}

void Decoder::give_up(const std::vector<HeldSet>& sets, GivenUp why) {
  for (const HeldSet& set : sets) {
    if (config_.observer) config_.observer->given_up(set, why == GivenUp::quarantined);
    auto bytes = static_cast<int64_t>(set.body.size());
    AccountHold hold = ledger_.hold({set.session.exporter, set.session.protocol, set.session.domain});
    Account& account = *hold;
    account.held.add(-1);
    account.held_bytes.add(-bytes);
    (why == GivenUp::expired ? account.expired : account.quarantined).add();
    (why == GivenUp::expired ? account.expired_bytes : account.quarantined_bytes).add(bytes);
    if (set.session.protocol != Protocol::ipfix || set.context.repeated) continue;
    // Not known(): a message that is being read points into what it would add to.
    std::shared_ptr<Stream> stream = streams_.known(set.session);
    if (!stream) continue;
    std::unique_lock lock(stream->mutex);
    SequenceChange change = stream->sequence.give_up(set.context.boot);
    lock.unlock();
    count(account, change);
  }
}

void Decoder::count_forgotten(const std::vector<TemplateStore::Forgotten>& forgotten) {
  for (const auto& [session, templates] : forgotten) {
    AccountHold hold = ledger_.hold({session.exporter, session.protocol, session.domain});
    Account& account = *hold;
    account.templates.add(-static_cast<int64_t>(templates));
    account.forgotten.add(static_cast<int64_t>(templates));
  }
}

void Decoder::tick(int64_t monotonic_ns, bool all) {
  read_strays(monotonic_ns, all);
  for (TemplateStore::Fallback& fallback : templates_.take_fallbacks(monotonic_ns, all))
    replay(std::move(fallback.sets), fallback.plan, nullptr, true);
  give_up(templates_.take_expired(monotonic_ns));
  count_forgotten(templates_.forget_old(monotonic_ns));
  write_journal();
  streams_.keep_to_budget(os::realtime_ns());
}

void Decoder::give_up_held() {
  read_strays(os::monotonic_ns(), true);
  give_up(templates_.take_all_held());
}

}  // namespace weir
