// SPDX-License-Identifier: Apache-2.0
// Walking a data set record by record.
#pragma once

#include "base/bytes.h"
#include "templates/plan.h"

namespace weir {

// Where one field of a record lies.
struct FieldBytes {
  const uint8_t* at = nullptr;
  uint32_t length = 0;
};

// The length of the record at the start of `bytes`, 0 where it does not fit. `fields` (one per field of the
// template, or null) receives their places. Variable length: RFC 7011 §7.
size_t walk_record(const Plan& plan, Bytes bytes, FieldBytes* fields);

// Whether a set's body can be data of this plan: whole records, then at most 3 octets of padding, or less than
// the shortest record (RFC 7011 §3.3.1).
bool fits(const Plan& plan, Bytes body);

}  // namespace weir
