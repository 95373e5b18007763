// SPDX-License-Identifier: Apache-2.0
#include "base/rfc3339.h"

#include <chrono>
#include <cstdio>

namespace weir {

std::string rfc3339_ms(int64_t ns) {
  using namespace std::chrono;
  sys_time<milliseconds> time = floor<milliseconds>(sys_time<nanoseconds>(nanoseconds(ns)));
  sys_days day = floor<days>(time);
  year_month_day date(day);
  hh_mm_ss clock(time - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

}  // namespace weir
