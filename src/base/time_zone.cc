// SPDX-License-Identifier: Apache-2.0
#include "base/time_zone.h"

#include <algorithm>
#include <cctype>

namespace weir {

// The database is a folder: names are file names in it, and no other file is opened.
static bool may_be_a_zone(const std::string& name) {
  auto is_letter = [](unsigned char c) { return std::isalnum(c) || c == '/' || c == '_' || c == '-' || c == '+'; };
  return !name.empty() && name.front() != '/' && std::ranges::all_of(name, is_letter);
}

// Etc/UTC, or that of a machine whose clock shows UTC.
static bool is_always_utc(const absl::TimeZone& zone) {
  absl::TimeZone::CivilTransition change;
  return zone.At(absl::UnixEpoch()).offset == 0 && !zone.NextTransition(absl::InfinitePast(), &change);
}

std::optional<TimeZone> TimeZone::named(const std::string& name) {
  absl::TimeZone zone;
  // absl takes "localtime" for what we call "local".
  if (name == "local")
    zone = absl::LocalTimeZone();
  else if (!may_be_a_zone(name) || name == "localtime" || !absl::LoadTimeZone(name, &zone))
    return {};
  return is_always_utc(zone) ? TimeZone() : TimeZone(zone);
}

std::string TimeZone::name() const {
  const std::string name = zone_.name();
  return name == "localtime" || name.starts_with('/') ? "local time" : name;
}

int32_t TimeZone::offset(int64_t seconds_since_1970) const {
  return zone_.At(absl::FromUnixSeconds(seconds_since_1970)).offset;
}

int64_t TimeZone::last_change(int64_t seconds_since_1970, int64_t otherwise) const {
  absl::TimeZone::CivilTransition change;
  // The one before the next second, so that it may be at this one.
  if (!zone_.PrevTransition(absl::FromUnixSeconds(seconds_since_1970 + 1), &change)) return otherwise;
  return (change.to - absl::CivilSecond()) - offset(seconds_since_1970);
}

int64_t TimeZone::seconds_at(std::chrono::sys_days date, int64_t second_of_day) const {
  const absl::CivilSecond shown = absl::CivilSecond(absl::CivilDay() + date.time_since_epoch().count()) + second_of_day;
  const absl::TimeZone::TimeInfo info = zone_.At(shown);
  return absl::ToUnixSeconds(info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre);
}

}  // namespace weir
