// SPDX-License-Identifier: Apache-2.0
// Writes an applicationId (IE 95, RFC 6759 §4) as text. The id is an octet for the classification engine, then a
// selector of any length. Engine 20 (PANA-L7-PEN) has the enterprise number (4 octets) between them.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "elements/elements.h"

namespace weir {

inline constexpr size_t kMaxApplicationOctets = 32;  // a longer id is not accepted

// Writes "engine:selector", for engine 20 "engine:enterprise:selector". All parts are decimal numbers, except that a
// selector of more than 8 octets is written as 0x and hexadecimal digits. `out` must have space for kMaxApplicationText
// octets. Returns how many were written; 0 if it is not an application id, or all its octets are 0 (RFC 6759 §4:
// unknown).
size_t write_application(Bytes id, char* out);

}  // namespace weir
