// SPDX-License-Identifier: Apache-2.0
// Hexadecimal digits, lower case.
#pragma once

#include <cstdint>

namespace weir {

inline constexpr char kHexDigits[] = "0123456789abcdef";

// The two digits of an octet; returns the end of what was written.
inline char* write_hex(char* out, uint8_t octet) {
  *out++ = kHexDigits[octet >> 4];
  *out++ = kHexDigits[octet & 15];
  return out;
}

}  // namespace weir
