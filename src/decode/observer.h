// SPDX-License-Identifier: Apache-2.0
// DecodeObserver: is told what a Decoder meets on its way: malformed input, template records, data sets and how they
// are read. For showing (`weir decode`); a collector has none.
//
//   called  by the decoder, in its thread, while it decodes: once for a set, a template record or a rule broken,
//           never for a record
//   lives   longer than the decoder; what it is given is valid for the call only
#pragma once

#include "base/bytes.h"
#include "base/protocol.h"
#include "templates/held.h"
#include "templates/plan.h"
#include "templates/store.h"

namespace weir {

// Where something lies.
struct DecodePlace {
  const SessionKey& session;
  const SetContext& context;  // its `tag` is the datagram's
  size_t offset = 0;          // octets from the start of the datagram's payload
};

// What a template record means for those that were known.
enum class TemplateNews : uint8_t {
  first,      // a new id
  changed,    // another layout than before
  repeated,   // the same again
  withdrawn,  // obeyed on a connection, over UDP of no effect (RFC 7011 §8)
};

class DecodeObserver {
 public:
  virtual ~DecodeObserver() = default;
  // The offset is that of the first octet that breaks the rule, as near as can be told.
  virtual void malformed(const DecodePlace& place, Malformed reason) = 0;
  // The place is the record's.
  virtual void template_record(const DecodePlace& place, const TemplateRecord& record, TemplateNews news) = 0;
  // The records of a data set (`body`, at `place`) are about to be read with that plan; v1, v5 and v7: all records of a
  // datagram. `known`: the session's plans, null for v1, v5 and v7.
  virtual void data_set(const DecodePlace& place, const Plan& plan, const SessionPlans* known, Bytes body) = 0;
  // A data set will never be decoded: its template did not come; `quarantined`: those known are of another time.
  virtual void given_up(const HeldSet& set, bool quarantined) = 0;
};

}  // namespace weir
