// SPDX-License-Identifier: Apache-2.0
#include "query/time_range.h"

#include "base/error.h"
#include "base/text.h"
#include "os/file.h"

namespace weir {

int64_t parse_time(const std::string& text, const TimeContext& context) {
  if (auto time = parse_time_text(text, context)) return *time;
  throw usage_error("\"" + text +
                    "\" is no time; write 2026-11-21T09:30Z, 2026-11-21, 2026/11/21.09:30, -1h, today or yesterday");
}

// TZ may be something else than a name, for which TimeZone would be UTC.
static void check_local_zone(const std::string& option, const TimeZone& local) {
  const std::string given = os::environment("TZ");
  const std::string name = given.starts_with(':') ? given.substr(1) : given;
  if (local.is_utc() && !name.empty() && !TimeZone::named(name))
    throw usage_error(option + " local: the variable TZ, " + in_quotes(given) +
                      ", names no time zone of this machine; write Europe/Berlin or UTC");
}

TimeZone parse_zone(const std::string& option, const std::string& name) {
  if (name.empty()) return {};
  if (auto zone = TimeZone::named(name)) {
    if (name == "local") check_local_zone(option, *zone);
    return *zone;
  }
  throw usage_error(option + ": " + in_quotes(name) +
                    " is no time zone of this machine; write Europe/Berlin, UTC or local (other zones need the package "
                    "tzdata)");
}

TimeColumn parse_time_column(const std::string& text) {
  if (text == "received") return TimeColumn::received;
  if (text == "start") return TimeColumn::start;
  if (text == "end") return TimeColumn::end;
  throw usage_error("\"" + text + "\" is no time of a flow; write received, start or end");
}

const char* time_column_name(TimeColumn time) {
  return time == TimeColumn::start ? "time_start" : time == TimeColumn::end ? "time_end" : "time_received";
}

}  // namespace weir
