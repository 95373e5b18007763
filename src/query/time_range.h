// SPDX-License-Identifier: Apache-2.0
// TimeRange: selects flows from one time to another. Times are parsed in the forms that people write, always UTC.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace weir {

enum class TimeColumn { received, start, end };

struct TimeRange {
  int64_t since_ns = std::numeric_limits<int64_t>::min();  // included
  int64_t until_ns = std::numeric_limits<int64_t>::max();  // not included
  TimeColumn column = TimeColumn::received;

  bool has_since() const { return since_ns != std::numeric_limits<int64_t>::min(); }
  bool has_until() const { return until_ns != std::numeric_limits<int64_t>::max(); }
};

// Returns ns since 1970, in whole milliseconds. Accepts
//   2026-11-21T09:39:00.123Z, 2026-11-21T10:39+01:00, 2026-11-21 09:39    RFC 3339; without a zone UTC
//   2026-11-21                                                            the start of the day
//   2026/11/21.09:39[:00], 2026/11/21                                     as nfdump
//   -1h, 1h, 90s, 2d                                                      that long before `now_ns`
//   now, today, yesterday                                                 today and yesterday: the start of the day
// Throws usage_error with the text and what to write instead.
int64_t parse_time(const std::string& text, int64_t now_ns);

// "received", "start", "end". Throws usage_error.
TimeColumn parse_time_column(const std::string& text);

}  // namespace weir
