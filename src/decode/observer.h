// SPDX-License-Identifier: Apache-2.0
// DecodeObserver: receives callbacks about what a Decoder finds: malformed input, template records, data sets and how
// they are read. For display (`weir decode`); a collector has none.
//
//   called  by the decoder, in its thread, while it decodes: once for each set, template record or broken rule, never
//           for a data record
//   lives   longer than the decoder; arguments are valid only during the call
#pragma once

#include "base/bytes.h"
#include "base/protocol.h"
#include "templates/held.h"
#include "templates/plan.h"
#include "templates/store.h"

namespace weir {

// A position in a datagram.
struct DecodePlace {
  const SessionKey& session;
  const SetContext& context;  // its `tag` is the datagram's
  size_t offset = 0;          // octets from the start of the datagram's payload
};

// How a template record relates to the templates known before it.
enum class TemplateNews : uint8_t {
  first,      // a new id
  changed,    // a different layout than before
  repeated,   // the same layout again
  withdrawn,  // obeyed on a connection; has no effect over UDP (RFC 7011 §8)
};

class DecodeObserver {
 public:
  virtual ~DecodeObserver() = default;
  // The place's offset is that of the first octet that breaks the rule, as precisely as is known.
  virtual void malformed(const DecodePlace& place, Malformed reason) = 0;
  // `place`: where the record begins.
  virtual void template_record(const DecodePlace& place, const TemplateRecord& record, TemplateNews news) = 0;
  // The records of a data set (`body`, at `place`) are about to be read with that plan; v1, v5 and v7: all records of a
  // datagram. `known`: the session's plans, null for v1, v5 and v7.
  virtual void data_set(const DecodePlace& place, const Plan& plan, const SessionPlans* known, Bytes body) = 0;
  // A data set will never be decoded because its template did not arrive; `quarantined`: the known templates were sent
  // at another time and do not apply to it.
  virtual void given_up(const HeldSet& set, bool quarantined) = 0;
};

}  // namespace weir
