// SPDX-License-Identifier: Apache-2.0
// applicationId (IE 95, RFC 6759 §4): an octet that names the classification engine, then a selector of any length.
// Engine 20 (PANA-L7-PEN) has the enterprise's number (4 octets) between them.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "elements/elements.h"

namespace weir {

inline constexpr size_t kMaxApplicationOctets = 32;  // of an id; a longer one is none

// Writes "engine:selector", of engine 20 "engine:enterprise:selector": numbers, a selector over 8 octets as 0x and its
// hexadecimal digits. `out` has kMaxApplicationText octets. Returns how many were written; 0: that is no application
// id, or all its octets are 0 (RFC 6759 §4: unknown).
size_t write_application(Bytes id, char* out);

}  // namespace weir
