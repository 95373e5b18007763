// SPDX-License-Identifier: Apache-2.0
// How the plain decoder reads times that wrap.
#pragma once

#include <cstdint>

namespace weir {

// Of all the values that `number`, which counts modulo 2^32, can stand for, the one nearest to `near`.
inline int64_t plain_nearest(uint32_t number, int64_t near) {
  int64_t ahead = (int64_t{number} - near) % (int64_t{1} << 32);
  if (ahead > int64_t{1} << 31) ahead -= int64_t{1} << 32;
  if (ahead <= -(int64_t{1} << 31)) ahead += int64_t{1} << 32;
  return near + ahead;
}

// Seconds since 1900, which wrap in 2036, and a fraction of 2^-32 s; as nanoseconds since 1970.
inline uint64_t plain_ntp_time(int64_t export_ns, uint64_t ntp) {
  constexpr int64_t kNtpToUnix = 2'208'988'800;
  const int64_t exported = export_ns / 1'000'000'000 + kNtpToUnix;
  const int64_t seconds = plain_nearest(static_cast<uint32_t>(ntp >> 32), exported) - kNtpToUnix;
  return static_cast<uint64_t>(seconds) * 1'000'000'000 + ((ntp & 0xffff'ffff) * 1'000'000'000 >> 32);
}

}  // namespace weir
