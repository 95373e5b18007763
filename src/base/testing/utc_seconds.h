// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace weir {

// Seconds since 1970 of a date and time in UTC.
constexpr int64_t utc_seconds(int year, int month, int day, int hour = 0, int minute = 0, int second = 0) {
  const std::chrono::sys_days date(std::chrono::year(year) / month / day);
  return int64_t{date.time_since_epoch().count()} * 86'400 + hour * 3600 + minute * 60 + second;
}

}  // namespace weir
