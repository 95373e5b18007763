// SPDX-License-Identifier: Apache-2.0
// Times as people and JSON read them.
#pragma once

#include <cstdint>
#include <string>

namespace weir {

// "2026-11-21T09:39:00.123Z": nanoseconds since 1970 UTC in RFC 3339, UTC, cut to milliseconds.
std::string rfc3339_ms(int64_t ns);

}  // namespace weir
