// SPDX-License-Identifier: Apache-2.0
// Keys of numbers: signed numbers and floating-point numbers as unsigned ones in the same order, so that one kind of
// set holds ranges of all of them.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace weir {

inline constexpr uint64_t kSignBit = uint64_t{1} << 63;

inline constexpr uint64_t signed_key(int64_t number) { return static_cast<uint64_t>(number) ^ kSignBit; }
inline constexpr int64_t signed_of(uint64_t key) { return static_cast<int64_t>(key ^ kSignBit); }

// As DuckDB orders them: 0 and -0 are equal, and NaN is larger than any number.
inline uint64_t real_key(double number) {
  if (std::isnan(number)) return ~uint64_t{0};
  auto bits = std::bit_cast<uint64_t>(number == 0 ? 0.0 : number);
  return bits & kSignBit ? ~bits + 1 : bits | kSignBit;  // + 1: no key is left out between the last below 0 and 0
}
inline double real_of(uint64_t key) { return std::bit_cast<double>(key & kSignBit ? key ^ kSignBit : ~(key - 1)); }

}  // namespace weir
