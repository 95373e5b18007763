// SPDX-License-Identifier: Apache-2.0
// Numbers and ages as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace weir {

// "1,234"; of decimal digits, as many as there are.
std::string number_text(int64_t number);
std::string in_thousands(std::string digits);
// "45 s", "12 min", "3 h", "5 d": cut to the largest unit.
std::string age_text(int64_t seconds);

}  // namespace weir
