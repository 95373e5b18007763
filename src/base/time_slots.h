// SPDX-License-Identifier: Apache-2.0
// TimeSlots: divides time into slots of one length, by the clock of a zone: hours, days, months.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time_zone.h"

namespace weir {

class TimeSlots {
 public:
  // "90s", "15m", "6h", "1d" (whole seconds, at least one), or "week" (from Monday), "month", "year".
  static std::optional<TimeSlots> of(std::string_view length);
  // When the slot that contains this time begins; both s since 1970. Slots are counted on the clock, from Monday
  // 2000-01-03 00:00, as by DuckDB's time_bucket(). Those of up to an hour always have their length, except that a
  // change of the clock by less than that begins a new one (Lord Howe Island). Longer ones begin when the clock shows
  // it, so that one with a change to or from summer time is shorter or longer.
  int64_t start_of(int64_t seconds, const TimeZone& zone) const;

 private:
  enum class Unit { seconds, week, month, year };
  TimeSlots(Unit unit, int64_t seconds) : unit_(unit), seconds_(seconds) {}
  int64_t start_of_equal_slots(int64_t seconds, int64_t shown, const TimeZone& zone) const;

  Unit unit_;
  int64_t seconds_;
};

// The largest multiple of `step` that is not larger than the number.
constexpr int64_t floor_to(int64_t number, int64_t step) {
  const int64_t rest = number % step;
  return number - (rest < 0 ? rest + step : rest);
}

}  // namespace weir
