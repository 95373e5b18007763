// SPDX-License-Identifier: Apache-2.0
// Decoder: data sets that came before their template.
#include "decode/decoder.h"

namespace weir {

static FlowType flow_type(Protocol protocol) {
  return protocol == Protocol::netflow9 ? FlowType::netflow9 : FlowType::ipfix;
}

static void count_given_up(Account& account, const HeldSet& set) {
  account.held.add(-1);
  account.held_bytes.add(-static_cast<int64_t>(set.body.size()));
  account.expired.add();
  account.expired_bytes.add(static_cast<int64_t>(set.body.size()));
}

// `current`: the message whose template released the sets. Its own sets are part of its record count; those of
// earlier messages explain the gap that they left in the sequence numbers.
void Decoder::replay(std::vector<HeldSet> sets, std::shared_ptr<const Plan> plan, Message* current, bool fallback) {
  for (HeldSet& set : sets) {
    Known* sender = known(set.session, set.context.received_ns);
    if (!sender) {
      count_given_up(ledger_.account({set.session.exporter, set.session.protocol, set.session.domain}), set);
      continue;
    }
    if (sender->stream->session) refresh(*sender);
    Message message;
    message.known = sender;
    message.context = set.context;
    message.start = set.body.data();
    message.exporter = set.session.exporter;
    message.exporter_port = set.session.port;
    message.protocol = set.session.protocol;
    message.type = flow_type(set.session.protocol);
    message.domain = set.session.domain;
    uint64_t init_ms = sender->plans->options->system_init_ms();
    message.base = {set.context.export_ns, set.context.uptime_ms, message.protocol == Protocol::netflow9,
                    static_cast<int64_t>(init_ms * 1'000'000)};
    uint32_t records = read_records(message, *plan, set.body);
    Account& account = sender->stream->account;
    account.held.add(-1);
    account.held_bytes.add(-static_cast<int64_t>(set.body.size()));
    account.replayed.add(records);
    if (fallback) account.fallback.add(records);
    bool of_current = current && current->known == sender && current->sets_held > 0 &&
                      current->context.sequence == set.context.sequence &&
                      current->context.received_ns == set.context.received_ns;
    if (of_current) {
      --current->sets_held;
      current->records += records;
      if (message.protocol == Protocol::ipfix) {
        std::lock_guard lock(sender->stream->mutex);
        sender->stream->sequence.release();
      }
    } else if (message.protocol == Protocol::ipfix) {
      std::lock_guard lock(sender->stream->mutex);
      if (int64_t lost = sender->stream->sequence.explain(1, records)) account.sequence_lost.add(lost);
    }
  }
}

void Decoder::give_up(const std::vector<HeldSet>& sets) {
  for (const HeldSet& set : sets) {
    if (config_.observer) config_.observer->given_up(set);
    count_given_up(ledger_.account({set.session.exporter, set.session.protocol, set.session.domain}), set);
    Known* sender = known(set.session, set.context.received_ns);
    if (!sender) continue;
    Account& account = sender->stream->account;
    if (set.session.protocol != Protocol::ipfix) continue;
    std::lock_guard lock(sender->stream->mutex);
    account.expired_records.add(sender->stream->sequence.give_up(1));
  }
}

void Decoder::tick(int64_t monotonic_ns, bool all) {
  for (TemplateStore::Fallback& fallback : templates_.take_fallbacks(monotonic_ns, all))
    replay(std::move(fallback.sets), fallback.plan, nullptr, true);
  give_up(templates_.take_expired(monotonic_ns));
}

void Decoder::give_up_held() { give_up(templates_.take_all_held()); }

}  // namespace weir
