// SPDX-License-Identifier: Apache-2.0
// TimeZone: UTC, or a zone of the machine's time zone database (tzdata) with its changes to and from summer time.
//
//   threads  any; a copy costs nothing
#pragma once

#include <absl/time/time.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace weir {

class TimeZone {
 public:
  TimeZone() : zone_(absl::UTCTimeZone()) {}
  // "Europe/Berlin", "UTC"; "local": that of the variable TZ, otherwise the machine's; UTC if there is neither, or
  // if TZ is no name but a rule (CET-1CEST,M3.5.0,M10.5.0/3). nullopt if there is none of this name.
  static std::optional<TimeZone> named(const std::string& name);

  std::string name() const;  // "Europe/Berlin", "UTC", "local time"
  bool is_utc() const { return zone_ == absl::UTCTimeZone(); }
  // What clocks are ahead of UTC at this time, s.
  int32_t offset(int64_t seconds_since_1970) const;
  // The last time, at or before this one, at which clocks were changed; `otherwise` if they never were.
  int64_t last_change(int64_t seconds_since_1970, int64_t otherwise) const;
  // The time at which clocks show this date and time, s since 1970. If they show it twice, the first one; if they skip
  // it, the time at which they do.
  int64_t seconds_at(std::chrono::sys_days date, int64_t second_of_day) const;

 private:
  explicit TimeZone(absl::TimeZone zone) : zone_(zone) {}
  absl::TimeZone zone_;
};

}  // namespace weir
