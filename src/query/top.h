// SPDX-License-Identifier: Apache-2.0
// Top N as SQL over `flows`, and numbers in a form for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "query/time_range.h"
#include "store/columns.h"

namespace weir {

struct TopRequest {
  std::vector<std::string> keys;  // columns of `flows`; of addresses also networks: "src_addr/24", "src_addr/24/64"
  std::string measure = "bytes";  // bytes, packets or flows
  uint64_t count = 10;            // keys
  TimeColumn time = TimeColumn::received;
  int64_t every_ns = 0;  // > 0: a row per key and interval of this length, which begins at the column `time`
  TimeZone zone = {};    // by whose clock intervals begin
  bool rate = false;     // also packets and bits per second
  // Bytes and packets times the sampling rate; an unknown rate counts as 1.
  bool scale = false;
  int64_t span_ns = 0;  // what rates refer to without `every`; at most 0: from the first flow to the last, at least 1 s

  // Columns of the result before and after the keys' numbers.
  size_t key_columns() const { return keys.size() + (every_ns > 0); }
  size_t number_columns() const { return rate ? 5 : 3; }
};

// Throws usage_error for a key that is not a column, with a suggestion, or a key that is named twice.
void check_top(const TopRequest& request, const StoreColumns& columns);

// Columns: time (with `every`), the keys, flows, packets, bytes, with `rate` pps and bps, and percent: of the total by
// the measure, with `every` of the interval's; null if the total is 0. Largest first; with `every` by time, and only
// the `count` keys that are largest in total. `with_total`: each row also has the totals of the numbers, whose names
// begin with total_, and if there are no flows there is one row, with the keys and the other columns null.
std::string top_sql(const TopRequest& request, bool with_total);

// "1.23 M", "999", "12.3 GB" (powers of 1000); text that is not a number is returned unchanged.
std::string human_number(const std::string& digits, const char* unit);

}  // namespace weir
