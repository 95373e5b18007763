// SPDX-License-Identifier: Apache-2.0
// For tests: builds sFlow's structures (XDR: words of 4 octets, big-endian) by hand.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "base/bytes.h"

namespace weir {

using Octets = std::vector<uint8_t>;

inline Octets operator+(Octets a, const Octets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
inline Octets words(std::initializer_list<uint32_t> values) {
  Octets out(4 * values.size());
  size_t at = 0;
  for (uint32_t value : values) store_be(out.data() + at, value), at += 4;
  return out;
}
// Format, length, body: used for both samples and records.
inline Octets item(uint32_t format, const Octets& body) {
  return words({format, static_cast<uint32_t>(body.size())}) + body;
}

}  // namespace weir
