// SPDX-License-Identifier: Apache-2.0
// The list of flows as SQL over `flows`: the newest, or those with the largest values of a column.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "query/flow_query.h"
#include "query/time_range.h"
#include "store/columns.h"

namespace weir {

struct FlowListRequest {
  std::vector<std::string> fields;  // columns of `flows`
  std::string sort;                 // a column of `flows`; "": the time that `time` means
  TimeColumn time = TimeColumn::received;
  uint64_t count = 50;

  std::string sort_column() const;
  bool is_newest() const { return sort_column() == "time_received"; }
};

// Throws usage_error for a field that is not a column, with a suggestion.
void check_flow_list(const FlowListRequest& request, const StoreColumns& columns);

// The newest flows by the time of receipt: newer segments are read first, and older ones only if there are not enough
// rows. A range is first asked for the times of its rows; where it has none, nothing else of it is read. `starts`: see
// FlowQuery::segment_starts().
FlowQuery::NextPart newest_flows(const FlowListRequest& request, std::vector<int64_t> starts);

// Any other order takes two steps, because sorting whole rows would read every column of every row. The first one
// returns one row: the number of rows in the list, and as text the smallest of their values in the sorted column, or
// null if one of them has none.
std::string flow_list_bound_sql(const FlowListRequest& request);
// The rows; only those that have at least the value `bound` are read whole.
std::string flow_list_sql(const FlowListRequest& request, const std::optional<std::string>& bound);

}  // namespace weir
