// SPDX-License-Identifier: Apache-2.0
// One message (datagram) on its way through decode/, and the sender it is of. Plain data: decoder.h begins a message,
// the readers after it fill rows from it and note here what they met.
//
//   threads  one worker's; the stream, session and entry that a Sender points at are shared
//   memory   on the stack, for the time of one datagram (or one held set)
#pragma once

#include <memory>

#include "decode/exporter_rules.h"
#include "decode/observer.h"
#include "decode/run_plan.h"
#include "flow/batch.h"
#include "senders/streams.h"

namespace weir {

// What a worker remembers of a sender.
struct Sender {
  std::shared_ptr<Stream> stream;  // null where there is no room for one
  // The stream's, to be found without reading it.
  LedgerEntry* entry = nullptr;
  Session* session = nullptr;  // null where it has no templates
  uint32_t version = 0;        // the session's when `plans` were looked up
  PostCounters post_counters = PostCounters::by_value;
  std::shared_ptr<const SessionPlans> plans;

  // A record of it was decoded.
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
  const uint8_t* start = nullptr;  // of what is read; lies context.offset octets into the datagram's payload
  SetContext context;
  TimeBase base;
  IpAddress exporter;  // sFlow: the agent
  Standing standing = Standing::asked;
  uint64_t header_sampling_rate = 0;
  bool followed = true;           // its sequence number is of its stream's
  bool fallback = false;          // a held set, read with a layout that was not sent for it
  Bytes sets;                     // v9, IPFIX: what follows the header
  uint32_t records = 0;           // data records decoded, options data included
  uint32_t sets_held = 0;         // data sets of this message that wait
  uint32_t sets_quarantined = 0;  // that will never be decoded
  uint32_t look_ups = 0;          // of plans that templates of it have changed
  bool stale = false;             // there were too many of them: the plans are no longer looked up
  bool options_changed = false;   // options data of it told something since the plans were looked up
  uint32_t options_taken = 0;     // times that this was taken over for the data after them
  size_t looked_at = 0;           // octets of `sets` whose data sets SetReader has gathered

  LedgerEntry& entry() const { return *sender->entry; }
  DecodePlace place(const uint8_t* at) const {
    return {key, context, context.offset + static_cast<size_t>(at - start)};
  }
  // Counts it; `at` is where the rule is broken.
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
