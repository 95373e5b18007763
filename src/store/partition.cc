// SPDX-License-Identifier: Apache-2.0
#include "store/partition.h"

#include <chrono>
#include <cstdio>

namespace weir {

using std::chrono::floor;

int64_t hour_of(int64_t ns) { return floor<std::chrono::hours>(std::chrono::nanoseconds(ns)).count(); }

static std::chrono::year_month_day date_of(std::chrono::sys_days day) { return std::chrono::year_month_day(day); }

std::string day_text(int64_t hour) {
  auto date = date_of(floor<std::chrono::days>(std::chrono::sys_time<std::chrono::hours>(std::chrono::hours(hour))));
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
  return text;
}

std::string partition_folder(int64_t hour, Table table) {
  int64_t of_day = ((hour % 24) + 24) % 24;
  char text[32];
  std::snprintf(text, sizeof text, "/hour=%02d", static_cast<int>(of_day));
  return std::string(table_name(table)) + "/day=" + day_text(hour) + text;
}

std::string compact_time(int64_t ns) {
  std::chrono::sys_time<std::chrono::nanoseconds> time{std::chrono::nanoseconds(ns)};
  auto day = floor<std::chrono::days>(time);
  auto date = date_of(day);
  std::chrono::hh_mm_ss clock(floor<std::chrono::seconds>(time - day));
  char text[64];
  std::snprintf(text, sizeof text, "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

}  // namespace weir
