// SPDX-License-Identifier: Apache-2.0
// StreamOrder: where a message belongs in its stream (restarts, strays), and what its number says of those before it.
//
//   in       messages, before anything behind their header is read and again after all is
//   out      Message::context.boot and .repeated, Message::followed; losses, duplicates and restarts in the entry
//   threads  one per worker; the state is the stream's, under its lock
//   memory   at most one datagram a stream is kept until the stream tells what it is (stray.h), charged to the senders
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

// A sample of an sFlow datagram, as its source numbers it.
struct SampleStep {
  SampleKind kind;
  SampleSource source;
  uint32_t sequence;
};

class StreamOrder {
 public:
  StreamOrder(TemplateStore& templates, Streams& streams, SenderCache& senders, HeldReader& held)
      : templates_(templates), streams_(streams), senders_(senders), held_(held) {}

  // False where the message is not to be read now: it is kept, or what take_settled() gives comes before it.
  bool arrive(Message& message, const Datagram& datagram);
  // The same for sFlow, whose restarts its samples tell.
  bool arrive_samples(Message& message, const Datagram& datagram);
  // A datagram that was kept, and that the message which was refused has settled: read it, then that message again.
  std::unique_ptr<Stray> take_settled() { return std::exchange(settled_, {}); }

  // The message has been read. `units`: of its sequence numbers (sequence_unit()) that it held; `units_known`: it held
  // no set of unknown size.
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
