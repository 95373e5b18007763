// SPDX-License-Identifier: Apache-2.0
// Times in the forms that people write, always UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir {

// Returns ns since 1970, in whole milliseconds; nullopt for any other text. Accepts
//   2026-11-21T09:39:00.123Z, 2026-11-21T10:39+01:00, 2026-11-21 09:39    RFC 3339; without a zone UTC
//   2026-11-21                                                            the start of the day
//   2026/11/21.09:39[:00], 2026/11/21                                     as nfdump
//   -1h, 1h, 90s, 2d                                                      that long before `now_ns`
//   now, today, yesterday                                                 today and yesterday: the start of the day
// The last two lines only if `now_ns` is not negative.
std::optional<int64_t> parse_time_text(std::string_view text, int64_t now_ns);

}  // namespace weir
