// SPDX-License-Identifier: Apache-2.0
// Timestamps in the text form for people and JSON.
#pragma once

#include <cstdint>
#include <string>

namespace weir {

// "2026-11-21T09:39:00.123Z": nanoseconds since 1970 UTC as RFC 3339 text in UTC, rounded down to milliseconds.
std::string rfc3339_ms(int64_t ns);

}  // namespace weir
