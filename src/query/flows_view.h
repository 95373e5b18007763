// SPDX-License-Identifier: Apache-2.0
// The view `flows` as SQL: the documented columns, computed from the physical ones of store/columns.h. Each field under
// its name in the order of the field table, then time_received, time_start, time_end (TIMESTAMP, UTC, whole
// milliseconds), duration (DOUBLE, seconds), proto_name, etype_name, scaled_bytes
// and scaled_packets (DOUBLE: times sampling_rate, if that is more than 1); then the fields that configurations have
// added to the store.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/time_range.h"
#include "store/columns.h"

namespace weir {

// CREATE VIEW flows over these Parquet files, limited to rows in the range and, if it is not empty, to those for which
// the condition `where` is true. Columns that a file does not have are null; those whose field id is not in `present`,
// if that is known, no file has: DuckDB has less to do for a null that is a constant. The files' own footers are not
// read when a query is planned: all files get one schema.
std::string flows_view(std::span<const std::string> files, const TimeRange& range, const StoreColumns& columns,
                       const std::string& where = "", const std::optional<std::set<int32_t>>& present = {});

// The fields that filters over the view can name: of the added ones the first limits::kExtraFields.
FieldTable filter_fields(const StoreColumns& columns);

// Those rows of a table with these columns, as read_parquet() or an empty SELECT: the text that follows FROM.
std::string rows_of_segments(std::span<const std::string> files, std::span<const StoreColumn> columns,
                             const std::optional<std::set<int32_t>>& present = {});

// The columns of the view that are null in every row if the segments have only the columns with these field ids.
std::vector<std::string> null_columns(const StoreColumns& columns, const std::set<int32_t>& present);

struct FlowsColumn {
  std::string name;
  std::string type;  // SQL type name
};
std::vector<FlowsColumn> flows_columns(const StoreColumns& columns);

}  // namespace weir
