// SPDX-License-Identifier: Apache-2.0
// Times in the forms that people write.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time_zone.h"

namespace weir {

// What a text that is no complete time refers to.
struct TimeContext {
  TimeContext(int64_t now, const TimeZone& of_text = {}) : now_ns(now), zone(of_text) {}  // a number is a time in UTC

  int64_t now_ns;  // negative: there is no present time
  TimeZone zone;   // of dates and times without a zone of their own
};

// Returns ns since 1970, in whole milliseconds; nullopt for any other text. Accepts
//   2026-11-21T09:39:00.123Z, 2026-11-21T10:39+01:00, 2026-11-21 09:39    RFC 3339
//   2026-11-21 10:39:00.123 +01:00                                        as in tables
//   2026-11-21                                                            the start of the day
//   2026/11/21.09:39[:00], 2026/11/21                                     as nfdump
//   -1h, 1h, 90s, 2d                                                      that long before now
//   now, today, yesterday                                                 today and yesterday: the start of the day
// The last two lines only if there is a present time.
std::optional<int64_t> parse_time_text(std::string_view text, const TimeContext& context);

}  // namespace weir
