// SPDX-License-Identifier: Apache-2.0
// Numbers and ages formatted for people.
#pragma once

#include <cstdint>
#include <string>

namespace weir {

// "1,234". in_thousands() takes decimal digits, any number of them.
std::string number_text(int64_t number);
std::string in_thousands(std::string digits);
// "45 s", "12 min", "3 h", "5 d": rounded down to the largest unit that fits.
std::string age_text(int64_t seconds);

}  // namespace weir
