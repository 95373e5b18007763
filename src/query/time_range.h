// SPDX-License-Identifier: Apache-2.0
// TimeRange: selects flows from one time to another. Times are parsed in the forms that people write.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "base/time_text.h"

namespace weir {

enum class TimeColumn { received, start, end };

struct TimeRange {
  int64_t since_ns = std::numeric_limits<int64_t>::min();  // included
  int64_t until_ns = std::numeric_limits<int64_t>::max();  // not included
  TimeColumn column = TimeColumn::received;

  bool has_since() const { return since_ns != std::numeric_limits<int64_t>::min(); }
  bool has_until() const { return until_ns != std::numeric_limits<int64_t>::max(); }
};

// parse_time_text() (base/time_text.h). Throws usage_error with the text and what to write instead.
int64_t parse_time(const std::string& text, const TimeContext& context);

// A name of base/time_zone.h; "": UTC. Throws usage_error with the name of the option.
TimeZone parse_zone(const std::string& option, const std::string& name);

// "received", "start", "end". Throws usage_error.
TimeColumn parse_time_column(const std::string& text);

// Of `flows`: "time_start".
const char* time_column_name(TimeColumn time);

}  // namespace weir
