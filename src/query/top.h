// SPDX-License-Identifier: Apache-2.0
// Top N as SQL over `flows`, and numbers in a form for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/columns.h"

namespace weir {

struct TopRequest {
  std::vector<std::string> keys;  // columns of `flows`
  std::string measure = "bytes";  // bytes, packets or flows
  uint64_t count = 10;
};

// Throws usage_error for a key that is not a column, with a suggestion, or a key that is named twice.
void check_top(const TopRequest& request, const StoreColumns& columns);

// Columns: the keys, flows, packets, bytes, percent (of the total, by the measure; null if the total is 0); largest
// first. `with_total`: each row also has total_flows, total_packets, total_bytes, and if there are no flows there is
// one row, with the keys and the other columns null.
std::string top_sql(const TopRequest& request, bool with_total);

// "1.23 M", "999", "12.3 GB" (powers of 1000); text that is not a number is returned unchanged.
std::string human_number(const std::string& digits, const char* unit);

}  // namespace weir
