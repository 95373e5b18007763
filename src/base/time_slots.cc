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
  if (unit_ == Unit::seconds) return start_of_equal_slots(seconds, shown, zone);
  const int64_t day = floor_to(shown, kDaySeconds) / kDaySeconds;
  const absl::CivilDay date = absl::CivilDay() + day;
  const absl::CivilDay first = unit_ == Unit::week    ? absl::PrevWeekday(date + 1, absl::Weekday::monday)
                               : unit_ == Unit::month ? absl::CivilDay(absl::CivilMonth(date))
                                                      : absl::CivilDay(absl::CivilYear(date));
  return zone.seconds_at(sys_days{days(first - absl::CivilDay())}, 0);
}

int64_t TimeSlots::start_of_equal_slots(int64_t seconds, int64_t shown, const TimeZone& zone) const {
  const int64_t shown_start = kFirstMonday + floor_to(shown - kFirstMonday, seconds_);
  if (seconds_ <= kHourSeconds) {
    const int64_t start = seconds - (shown - shown_start);
    return zone.offset(start) == zone.offset(seconds) ? start : zone.last_change(seconds, start);
  }
  const int64_t day = floor_to(shown_start, kDaySeconds);
  return zone.seconds_at(sys_days{days(day / kDaySeconds)}, shown_start - day);
}

}  // namespace weir
