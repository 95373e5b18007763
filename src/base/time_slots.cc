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
  if (unit_ == Unit::seconds && seconds_ <= kHourSeconds) {
    const int64_t start = seconds - (shown - floor_to(shown, seconds_));
    return zone.offset(start) == zone.offset(seconds) ? start : zone.last_change(seconds, start);
  }
  const sys_days day{days(floor_to(shown, kDaySeconds) / kDaySeconds)};
  const absl::CivilDay date = absl::CivilDay() + day.time_since_epoch().count();
  auto begin_of = [&](absl::CivilDay first) { return zone.seconds_at(sys_days{days(first - absl::CivilDay())}, 0); };
  switch (unit_) {
    case Unit::week:
      return begin_of(absl::PrevWeekday(date + 1, absl::Weekday::monday));
    case Unit::month:
      return begin_of(absl::CivilDay(absl::CivilMonth(date)));
    case Unit::year:
      return begin_of(absl::CivilDay(absl::CivilYear(date)));
    case Unit::seconds:
      break;
  }
  if (seconds_ < kDaySeconds) {
    const int64_t second_of_day = shown - day.time_since_epoch().count() * kDaySeconds;
    return zone.seconds_at(day, floor_to(second_of_day, seconds_));
  }
  const int64_t start = kFirstMonday + floor_to(shown - kFirstMonday, seconds_);
  return zone.seconds_at(sys_days{days(floor_to(start, kDaySeconds) / kDaySeconds)},
                         start - floor_to(start, kDaySeconds));
}

}  // namespace weir
