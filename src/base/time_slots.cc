// SPDX-License-Identifier: Apache-2.0
#include "base/time_slots.h"

#include <chrono>

#include "base/text.h"
#include "base/time_units.h"

namespace weir {

using std::chrono::days;
using std::chrono::sys_days;

static constexpr int64_t kHourSeconds = 3600, kDaySeconds = 86'400;
static constexpr int64_t kFirstMonday = 10'959 * kDaySeconds;  // 2000-01-03, as DuckDB's time_bucket()

std::optional<TimeSlots> TimeSlots::of(std::string_view length) {
  if (length == "week") return TimeSlots(Unit::week, 0);
  if (length == "month") return TimeSlots(Unit::month, 0);
  if (length == "year") return TimeSlots(Unit::year, 0);
  const int64_t ns = length == "off" ? -1 : parse_duration_ns(length);
  if (ns < kSecond || ns % kSecond != 0) return {};
  return TimeSlots(Unit::seconds, ns / kSecond);
}

int64_t TimeSlots::start_of(int64_t seconds, const TimeZone& zone) const {
  const int64_t shown = seconds + zone.offset(seconds);
  if (unit_ == Unit::seconds) {
    const int64_t start = kFirstMonday + floor_to(shown - kFirstMonday, seconds_);
    if (seconds_ <= kHourSeconds) return seconds - (shown - start);
    const int64_t day = floor_to(start, kDaySeconds);
    return zone.seconds_at(sys_days{days(day / kDaySeconds)}, start - day);
  }
  const sys_days day{days(floor_to(shown, kDaySeconds) / kDaySeconds)};
  const std::chrono::year_month_day date(day);
  if (unit_ == Unit::month) return zone.seconds_at(date.year() / date.month() / 1, 0);
  if (unit_ == Unit::year) return zone.seconds_at(date.year() / 1 / 1, 0);
  return zone.seconds_at(day - (std::chrono::weekday(day) - std::chrono::Monday), 0);
}

}  // namespace weir
