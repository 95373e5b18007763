// SPDX-License-Identifier: Apache-2.0
// Finds the records of a data set and their fields.
#pragma once

#include "base/bytes.h"
#include "templates/plan.h"

namespace weir {

// Where one field of a record is.
struct FieldBytes {
  const uint8_t* at = nullptr;
  uint32_t length = 0;
};

// The length of the record at the start of `bytes`, or 0 if they end before it does. `fields` (one per field of the
// template, or null) receives the location of each field. Variable length: RFC 7011 §7.
size_t walk_record(const Plan& plan, Bytes bytes, FieldBytes* fields);

// Whether a set's body can be data of this plan: at least one whole record, then at most 3 octets of padding, which do
// not make another record (RFC 7011 §3.3.1).
bool fits(const Plan& plan, Bytes body);

}  // namespace weir
