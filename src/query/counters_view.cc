// SPDX-License-Identifier: Apache-2.0
#include "query/counters_view.h"

#include "query/flows_view.h"
#include "wire/counter_fields.h"

namespace weir {

std::string counters_view(std::span<const std::string> files, const TimeRange& range) {
  auto time = [](int64_t ns) { return "make_timestamp(" + std::to_string(ns / 1000) + ")"; };
  std::string text =
      "CREATE VIEW counters AS SELECT epoch_ns(segment.time_received) AS time_received_ns, segment.* FROM " +
      rows_of_segments(files, store_columns(Table::counters)) + " AS segment WHERE true";
  if (range.has_since()) text += " AND segment.time_received >= " + time(range.since_ns);
  if (range.has_until()) text += " AND segment.time_received < " + time(range.until_ns);
  return text;
}

}  // namespace weir
