// SPDX-License-Identifier: Apache-2.0
// Message: the state of one message (datagram) while it is decoded, and its Sender. Plain data: decoder.h begins a
// message; the readers after it fill rows from it and record here what they found.
//
//   threads  used by one worker; the stream, session and ledger entry that a Sender points to are shared
//   memory   on the stack, while one datagram (or one held set) is decoded
#pragma once

#include <memory>

#include "decode/exporter_rules.h"
#include "decode/observer.h"
#include "decode/run_plan.h"
#include "flow/batch.h"
#include "senders/streams.h"

namespace weir {

// What a worker remembers about a sender.
struct Sender {
  std::shared_ptr<Stream> stream;  // null if there is no space for one
  // The stream's entry and session, kept here so that the stream need not be read to find them.
  LedgerEntry* entry = nullptr;
  Session* session = nullptr;  // null if the protocol has no templates
  uint32_t version = 0;        // of the session when `plans` were looked up
  PostCounters post_counters = PostCounters::by_value;
  std::shared_ptr<const SessionPlans> plans;

  // Notes that a record of this sender was decoded.
  void note_records() const {
    if (stream && !stream->gave_records.load(std::memory_order_relaxed))
      stream->gave_records.store(true, std::memory_order_relaxed);
    if (session) session->gave_record();
  }
};

struct Message {
  Sender* sender = nullptr;
  SessionKey key;
  DecodeObserver* observer = nullptr;
  const uint8_t* start = nullptr;  // of the octets being read; context.offset octets into the datagram's payload
  SetContext context;
  TimeBase base;
  IpAddress exporter;  // sFlow: the agent
  Standing standing = Standing::asked;
  uint64_t header_sampling_rate = 0;
  bool followed = true;           // its sequence number belongs to its stream's numbering
  bool fallback = false;          // a set that is read with a layout that was not sent for it
  Bytes sets;                     // v9, IPFIX: the octets after the header
  uint32_t records = 0;           // data records decoded, options data included
  uint32_t sets_held = 0;         // data sets of this message that wait for their template
  uint32_t sets_quarantined = 0;  // data sets of this message that are never decoded
  uint32_t look_ups = 0;          // how often plans were looked up after its templates had changed them
  bool stale = false;             // that was too often: the plans are no longer looked up
  bool options_changed = false;   // its options data changed something since the plans were looked up
  uint32_t options_taken = 0;     // how often such changes were applied to the data after them
  size_t looked_at = 0;           // octets of `sets` whose data set ids SetReader has collected

  LedgerEntry& entry() const { return *sender->entry; }
  DecodePlace place(const uint8_t* at) const {
    return {key, context, context.offset + static_cast<size_t>(at - start)};
  }
  // Counts malformed input; `at` is where the rule is broken.
  void malformed(Malformed reason, const uint8_t* at) const {
    entry().count(reason);
    if (observer) observer->malformed(place(at), reason);
  }
  SequenceHeader sequence_header() const {
    return {context.sequence, base.has_uptime, context.uptime_ms,
            static_cast<uint32_t>(context.export_ns / 1'000'000'000)};
  }
};

}  // namespace weir
