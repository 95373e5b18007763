// SPDX-License-Identifier: Apache-2.0
#include "base/amounts.h"

namespace weir {

std::string number_text(int64_t number) { return in_thousands(std::to_string(number)); }

std::string in_thousands(std::string digits) {
  const size_t first = digits.starts_with('-') ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string age_text(int64_t seconds) {
  constexpr int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;
  if (seconds < 2 * kMinute) return number_text(seconds) + " s";
  if (seconds < 2 * kHour) return number_text(seconds / kMinute) + " min";
  if (seconds < 2 * kDay) return number_text(seconds / kHour) + " h";
  return number_text(seconds / kDay) + " d";
}

}  // namespace weir
