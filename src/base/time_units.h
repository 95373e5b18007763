// SPDX-License-Identifier: Apache-2.0
// Lengths of time in nanoseconds, and the epoch of NTP.
#pragma once

#include <cstdint>

namespace weir {

inline constexpr int64_t kMillisecond = 1'000'000;
inline constexpr int64_t kSecond = 1'000 * kMillisecond;
inline constexpr int64_t kMinute = 60 * kSecond;
inline constexpr int64_t kHour = 60 * kMinute;
inline constexpr int64_t kDay = 24 * kHour;

// From 1900-01-01 (RFC 5905, RFC 7011 §6.1.9) to 1970-01-01, in seconds.
inline constexpr int64_t kNtpToUnixSeconds = 2'208'988'800;

}  // namespace weir
