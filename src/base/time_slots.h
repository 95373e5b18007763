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
  // When the slot that contains this time begins; both s since 1970. Slots of up to an hour have always that length,
  // except that a change of the clock by less than them begins a new one (Lord Howe Island). Longer ones begin when the
  // clock shows a multiple of the length since midnight (from a day on: since Monday 2000-01-03), so that one with a
  // change to or from summer time is shorter or longer.
  int64_t start_of(int64_t seconds, const TimeZone& zone) const;

 private:
  enum class Unit { seconds, week, month, year };
  TimeSlots(Unit unit, int64_t seconds) : unit_(unit), seconds_(seconds) {}
  Unit unit_;
  int64_t seconds_;
};

// The largest multiple of `step` that is not larger than the number.
constexpr int64_t floor_to(int64_t number, int64_t step) {
  const int64_t rest = number % step;
  return number - (rest < 0 ? rest + step : rest);
}

}  // namespace weir
