// SPDX-License-Identifier: Apache-2.0
// The view `flows` as SQL: the columns of the contract, made from the physical ones of store/columns.h. Each field by
// its name in the order of the field table, then time_received, time_start, time_end (TIMESTAMP, UTC, whole
// milliseconds), proto_name, bytes_scaled and packets_scaled (DOUBLE: times sampling_rate, where that is more than 1);
// then the fields that configurations have added to the store.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/time_range.h"
#include "store/columns.h"

namespace weir {

// CREATE VIEW flows over these Parquet files, as far as their rows are in the range. What a file does not have is
// null. The files' own footers are not looked at when a query is planned: they all get one schema.
std::string flows_view(std::span<const std::string> files, const TimeRange& range, const StoreColumns& columns);

// Those rows of a table with these columns, as read_parquet() or an empty SELECT: what follows FROM.
std::string rows_of_segments(std::span<const std::string> files, std::span<const StoreColumn> columns);

struct FlowsColumn {
  std::string name;
  std::string type;  // as SQL calls it
};
std::vector<FlowsColumn> flows_columns(const StoreColumns& columns);

}  // namespace weir
