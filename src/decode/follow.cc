// SPDX-License-Identifier: Apache-2.0
// Decoder: where a datagram belongs in its stream, and what its sequence number says of those before it.
#include "decode/decoder.h"

namespace weir {

static constexpr int64_t kSecond = 1'000'000'000;

SequenceHeader Decoder::sequence_header(const Message& message) const {
  return {message.context.sequence, message.base.has_uptime, message.context.uptime_ms,
          static_cast<uint32_t>(message.context.export_ns / kSecond)};
}

// Before anything of the message is read: which boot of its exporter is it of? After a restart, templates and what
// waits for them are of the past. False where it is not to be read now.
bool Decoder::arrive(Message& message, const Datagram& datagram) {
  if (!message.known->stream) return true;
  Stream& stream = *message.known->stream;
  std::unique_lock lock(stream.mutex);
  if (standing_ == Standing::denied || standing_ == Standing::unordered) {
    message.context.boot = stream.sequence.boot();
    message.context.repeated = true;
    message.followed = false;
    return true;
  }
  const bool confirmed = standing_ == Standing::confirmed;
  StreamSequence::Arrival arrival =
      stream.sequence.arrive(sequence_header(message), message.context.received_ns, confirmed);
  message.context.boot = arrival.boot;
  message.context.repeated = arrival.repeated;
  if ((arrival.far || stream.has_stray) && !confirmed && !may_read(message, datagram, arrival.far)) return false;
  lock.unlock();
  if (!arrival.restart) return true;
  Known& known = *message.known;
  known.account->restarts.add();
  if (!known.session) return true;
  TemplateStore::Restarted restarted = templates_.restarted(*known.session, arrival.boot);
  give_up(restarted.quarantined, GivenUp::quarantined);
  refresh(known);
  for (TemplateStore::Fallback& fallback : restarted.fallbacks)
    replay(std::move(fallback.sets), std::move(fallback.plan), nullptr, true);
  return true;
}

// IPFIX counts records in its sequence numbers: a message with sets that wait is of unknown size.
void Decoder::follow_sequence(const Message& message, uint32_t units, bool units_known) {
  Stream& stream = *message.known->stream;
  bool counts_sets = message.protocol == Protocol::ipfix;
  uint32_t sets = message.sets_held + message.sets_quarantined;
  SequenceStep step{sequence_header(message), units, units_known, 0, 0, false};
  step.repeated = message.context.repeated && (units > 0 || (counts_sets && sets > 0));
  if (counts_sets && !step.repeated) step.held = message.sets_held, step.given_up = message.sets_quarantined;
  std::unique_lock lock(stream.mutex);
  SequenceChange change = stream.sequence.advance(step, message.context.boot);
  if (change.lost) streams_.charge(stream);  // it may remember a gap now
  lock.unlock();
  count(*message.known->account, change);
  if (change.duplicate) message.known->account->duplicate_records.add(message.records);
}

void Decoder::count(Account& account, const SequenceChange& change) {
  if (change.lost) account.sequence_lost.add(change.lost);
  if (change.given_up) account.expired_records.add(change.given_up);
  if (change.duplicate) account.duplicates.add();
  if (change.restart) account.restarts.add();
}

// Nothing of it was sent in the numbers of its stream.
void Decoder::count_unfollowed(Account& account, int64_t records) {
  account.duplicates.add();
  account.duplicate_records.add(records);
}

}  // namespace weir
