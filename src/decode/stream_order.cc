// SPDX-License-Identifier: Apache-2.0
#include "decode/stream_order.h"

#include <algorithm>

#include "os/clock.h"

namespace weir {
namespace {

// The message does not belong to its stream's numbering, so it and its records count as duplicates.
void count_unfollowed(LedgerEntry& entry, int64_t records) {
  entry.duplicates.add();
  entry.duplicate_records.add(records);
}

bool goes_on(const Stream& stream, const Stray& stray, const Message& message) {
  const SequenceHeader later = message.sequence_header();
  return stream.samples ? stream.samples->goes_on(stray.agent, stray.header, later)
                        : stream.sequence.goes_on(stray.header, later);
}

// The standing of a stray that is followed by another stray.
Standing standing_of_another(Stream& stream) {
  if (stream.strays_in_row >= kMaxInRow) return Standing::unordered;
  ++stream.strays_in_row;
  return Standing::denied;
}

}  // namespace

// Before the message is read: finds the boot of its exporter that it belongs to. After a restart, templates and the
// data sets that wait for them belong to an earlier boot.
bool StreamOrder::arrive(Message& message, const Datagram& datagram) {
  if (!message.sender->stream) return true;
  Stream& stream = *message.sender->stream;
  std::unique_lock lock(stream.mutex);
  if (message.standing == Standing::denied || message.standing == Standing::unordered) {
    message.context.boot = stream.sequence.boot();
    message.context.repeated = true;
    message.followed = false;
    return true;
  }
  if (!stream.follows(message.context.received_ns)) {
    message.context.boot = stream.sequence.boot();
    return true;
  }
  const bool confirmed = message.standing == Standing::confirmed;
  const StreamSequence::Arrival arrival =
      stream.sequence.arrive(message.sequence_header(), message.context.received_ns, confirmed);
  message.context.boot = arrival.boot;
  message.context.repeated = arrival.repeated;
  if ((arrival.far || stream.has_stray) && !confirmed && !may_read(message, datagram, arrival.far)) return false;
  lock.unlock();
  if (arrival.restart) restart(message);
  return true;
}

void StreamOrder::restart(Message& message) {
  Sender& sender = *message.sender;
  sender.entry->restarts.add();
  if (!sender.session) return;
  const TemplateStore::Restarted restarted = templates_.restarted(*sender.session, message.context.boot);
  held_.give_up(restarted.quarantined, HeldReader::GivenUp::quarantined);
  senders_.refresh(sender);
  held_.read(restarted.fallbacks);
}

bool StreamOrder::arrive_samples(Message& message, const Datagram& datagram) {
  if (!message.sender->stream) return true;
  Stream& stream = *message.sender->stream;
  message.followed = message.standing == Standing::asked || message.standing == Standing::confirmed;
  if (message.standing != Standing::asked) return true;
  std::lock_guard lock(stream.mutex);
  if (!stream.follows(message.context.received_ns)) return true;
  const bool far = stream.samples->is_far(message.exporter, message.context.sequence, message.context.uptime_ms);
  return (!far && !stream.has_stray) || may_read(message, datagram, far);
}

// Whether a datagram can be read now. If not, it is kept, or it must be read again once `settled_` has been read. The
// stream's lock is held. `far`: it indicates a restart, or its number is far from the stream's.
bool StreamOrder::may_read(const Message& message, const Datagram& datagram, bool far) {
  const std::shared_ptr<Stream>& stream = message.sender->stream;
  if (!stream->stray) {
    streams_.keep(stream,
                  std::make_unique<Stray>(datagram, message.exporter, message.sequence_header(), os::monotonic_ns()));
    return false;
  }
  Stray& stray = *stream->stray;
  if (stray.agent != message.exporter) return true;  // several sFlow agents in a stream: only one at a time is checked
  const bool confirms = goes_on(*stream, stray, message);
  if (!far && !confirms) {
    if (message.context.repeated) return true;  // its number was received before: a duplicate shows nothing
    stream->strays_in_row = 0;
    if (++stray.gone_on < kMaxGoneOn) return true;
    settled_ = streams_.take_stray(*stream, Standing::denied);
    return false;
  }
  if (std::ranges::equal(stray.bytes, datagram.bytes)) {
    if (++stray.copies < kMaxCopies) return false;
    --stray.copies;  // this copy is read separately
    settled_ = streams_.take_stray(*stream, Standing::denied);
    return false;
  }
  settled_ = streams_.take_stray(*stream, confirms ? Standing::confirmed : standing_of_another(*stream));
  return false;
}

// IPFIX sequence numbers count records: if a message has sets that wait, its number of records is unknown.
void StreamOrder::follow(const Message& message, uint32_t units, bool units_known) {
  LedgerEntry& entry = message.entry();
  if (!message.followed) return count_unfollowed(entry, message.records);
  if (!message.sender->stream || sequence_unit(message.key.protocol).empty()) return;
  Stream& stream = *message.sender->stream;
  const bool counts_sets = message.key.protocol == Protocol::ipfix;
  const uint32_t sets = message.sets_held + message.sets_quarantined;
  SequenceStep step{message.sequence_header(), units, units_known, 0, 0, false};
  step.repeated = message.context.repeated && (units > 0 || (counts_sets && sets > 0));
  if (counts_sets && !step.repeated) step.held = message.sets_held, step.given_up = message.sets_quarantined;
  std::unique_lock lock(stream.mutex);
  if (!stream.follows(message.context.received_ns)) return;
  const SequenceChange change = stream.sequence.advance(step, message.context.boot);
  stream.lost += change.lost;
  if (change.lost) streams_.charge(stream);  // it may now store a gap
  lock.unlock();
  count_sequence(entry, change);
  if (change.duplicate) entry.duplicate_records.add(message.records);
}

void StreamOrder::follow_samples(const Message& message, std::span<const SampleStep> samples) {
  LedgerEntry& entry = message.entry();
  if (!message.followed) return count_unfollowed(entry, static_cast<int64_t>(samples.size()));
  if (!message.sender->stream) return;
  Stream& stream = *message.sender->stream;
  int64_t lost = 0, refused = 0;
  std::unique_lock lock(stream.mutex);
  if (!stream.follows(message.context.received_ns)) return;
  const SampleSequences::Datagram step =
      stream.samples->datagram(message.exporter, message.context.sequence, message.context.uptime_ms);
  if (step.follow)
    for (const SampleStep& s : samples) {
      SampleSequences::Sample change = stream.samples->sample(s.kind, s.source.type, s.source.index, s.sequence);
      lost += change.lost;
      refused += change.refused;
    }
  stream.lost += lost;
  streams_.charge(stream);
  lock.unlock();
  if (lost) entry.sequence_lost.add(lost);
  if (refused) entry.count(Refused::sample_sources_full, refused);
  if (step.duplicate) count_unfollowed(entry, static_cast<int64_t>(samples.size()));
  if (step.restart) entry.restarts.add();
}

}  // namespace weir
