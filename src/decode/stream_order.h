// SPDX-License-Identifier: Apache-2.0
// StreamOrder: determines where a message belongs in its stream (restarts, strays), and what its sequence number shows
// about the messages before it.
//
//   in       each message twice: before anything after its header is read, and after all of it has been read
//   out      Message::context.boot and .repeated, Message::followed; losses, duplicates, restarts in the ledger entry
//   threads  one per worker; the state belongs to the stream, under its lock
//   memory   at most one datagram per stream is kept until the stream shows what it is (stray.h), charged to its sender
//   failure  none
#pragma once

#include <memory>
#include <span>
#include <utility>

#include "decode/held_reader.h"
#include "decode/message.h"
#include "decode/sender_cache.h"
#include "wire/sflow.h"

namespace weir {

// A sample of an sFlow datagram, with the sequence number that its source gave it.
struct SampleStep {
  SampleKind kind;
  SampleSource source;
  uint32_t sequence;
};

class StreamOrder {
 public:
  StreamOrder(TemplateStore& templates, Streams& streams, SenderCache& senders, HeldReader& held)
      : templates_(templates), streams_(streams), senders_(senders), held_(held) {}

  // False if the message must not be read now: it is kept, or the datagram from take_settled() must be read first.
  bool arrive(Message& message, const Datagram& datagram);
  // The same for sFlow, which has no templates: it sets no boot, and follow_samples() counts the restart.
  bool arrive_samples(Message& message, const Datagram& datagram);
  // A kept datagram whose standing was decided by the message for which arrive() returned false: read it, then that
  // message again. Null if there is none.
  std::unique_ptr<Stray> take_settled() { return std::exchange(settled_, {}); }

  // Called after the message has been read. `units`: by how much it advances the sequence number, in sequence_unit()s;
  // `units_known`: it contained no set with an unknown number of records.
  void follow(const Message& message, uint32_t units, bool units_known);
  void follow_samples(const Message& message, std::span<const SampleStep> samples);

 private:
  bool may_read(const Message& message, const Datagram& datagram, bool far);
  void restart(Message& message);

  TemplateStore& templates_;
  Streams& streams_;
  SenderCache& senders_;
  HeldReader& held_;
  std::unique_ptr<Stray> settled_;
};

}  // namespace weir
