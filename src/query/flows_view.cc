// SPDX-License-Identifier: Apache-2.0
#include "query/flows_view.h"

#include <algorithm>

#include "base/protocol_names.h"
#include "flow/fields.h"
#include "sql/engine.h"
#include "store/columns.h"

namespace weir {
namespace {

constexpr const char* kReceivedNs = "epoch_ns(segment.time_received)";
constexpr const char* kStartNs = "(epoch_ns(segment.time_start) + coalesce(segment.time_start_sub_ns, 0))";
// Milliseconds are added before the conversion to nanoseconds: the duration of a flow may not fit into a 64-bit number
// of nanoseconds even if its start and end do.
constexpr const char* kEndNs =
    "coalesce((epoch_ms(segment.time_start) + segment.duration_ms) * 1000000 + "
    "coalesce(segment.time_start_sub_ns, 0) + coalesce(segment.duration_sub_ns, 0), "
    "epoch_ns(segment.time_end) + coalesce(segment.time_end_sub_ns, 0))";

// Seconds as a DOUBLE, so that bytes * 8 / duration are bits per second; exact to a nanosecond up to 100 days.
constexpr const char* kDuration =
    "(segment.duration_ms::DOUBLE * 1000000 + coalesce(segment.duration_sub_ns, 0)) / 1000000000";
constexpr const char* kEtypeName =
    "CASE etype WHEN 2048 THEN 'IPv4' WHEN 34525 THEN 'IPv6' WHEN 2054 THEN 'ARP' ELSE printf('0x%04x', etype) END";

void append(std::string& list, const std::string& item) { list += (list.empty() ? "" : ", ") + item; }

constexpr std::string_view kProtoName = "proto_name";

// Counters times the sampling rate. The product of two 64-bit numbers, or a sum of such products, may not fit into 128
// bits; a DOUBLE can hold all of them, whole numbers up to 2^53 exactly.
// CASE takes an eighth of the time of greatest().
constexpr struct {
  const char* name;
  const char* expression;
} kScaled[] = {
    {"scaled_bytes",
     "bytes::DOUBLE * CASE WHEN sampling_rate > 1::UBIGINT THEN sampling_rate::DOUBLE ELSE 1::DOUBLE END"},
    {"scaled_packets",
     "packets::DOUBLE * CASE WHEN sampling_rate > 1::UBIGINT THEN sampling_rate::DOUBLE ELSE 1::DOUBLE END"},
};

// An added field may have a name that a later version uses for one of its own fields.
std::string shown_name(const StoreColumn& column) {
  std::string name(column.name);
  return column.extra && !is_free_field_name(name) ? "field_" + name : name;
}

std::string_view shown_type(const StoreColumn& column) {
  return column.extra ? column.extra->sql_type : sql_type(column.type);
}

std::string schema(std::span<const StoreColumn> columns) {
  std::string items;
  for (const StoreColumn& column : columns)
    append(items, std::to_string(column.id) + ": {name: " + sql_literal(shown_name(column)) +
                      ", type: " + sql_literal(sql_type(column.type)) + ", default_value: NULL}");
  return "MAP {" + items + "}";
}

std::string null_column(const StoreColumn& column) {
  return "CAST(NULL AS " + std::string(sql_type(column.type)) + ") AS " + sql_name(shown_name(column));
}

std::string no_rows(std::span<const StoreColumn> columns) {
  std::string items;
  for (const StoreColumn& column : columns) append(items, null_column(column));
  return "(SELECT " + items + " WHERE false)";
}

// A list indexed by number: DuckDB folds it into a constant.
std::string proto_names() {
  std::string names;
  for (unsigned proto = 0; proto < 256; ++proto) append(names, sql_literal(proto_name(static_cast<uint8_t>(proto))));
  return "[" + names + "]";
}

std::string expression(const FieldInfo& field) {
  switch (field.field) {
    case Field::time_received_ns:
      return kReceivedNs;
    case Field::time_flow_start_ns:
      return kStartNs;
    case Field::time_flow_end_ns:
      return kEndNs;
    default:
      return sql_name(field.name);
  }
}

std::string select_list(const StoreColumns& columns) {
  std::string items;
  for (const FieldInfo& field : kFields) append(items, expression(field) + " AS " + sql_name(field.name));
  append(items, "time_received");
  append(items, "time_start");
  append(items, std::string("epoch_ms(") + kEndNs + " // 1000000) AS time_end");
  append(items, std::string(kDuration) + " AS duration");
  append(items, proto_names() + "[proto::INTEGER + 1] AS " + std::string(kProtoName));
  append(items, std::string(kEtypeName) + " AS etype_name");
  for (const auto& scaled : kScaled) append(items, std::string(scaled.expression) + " AS " + scaled.name);
  for (const StoreColumn& column : columns.all()) {
    if (!column.extra) continue;
    std::string name = sql_name(shown_name(column));
    append(items, "CAST(segment." + name + " AS " + std::string(shown_type(column)) + ") AS " + name);
  }
  return items;
}

std::string microseconds(int64_t ns) { return "make_timestamp(" + std::to_string(ns / 1000) + ")"; }

// Receive and start times are columns of their own, whose statistics let DuckDB skip row groups; the end is computed.
// Bounds are whole milliseconds, so the part below a millisecond does not matter.
std::string condition(const TimeRange& range) {
  if (!range.has_since() && !range.has_until()) return "";
  bool computed = range.column == TimeColumn::end;
  std::string column = computed                            ? kEndNs
                       : range.column == TimeColumn::start ? "segment.time_start"
                                                           : "segment.time_received";
  auto bound = [&](int64_t ns) { return computed ? std::to_string(ns) : microseconds(ns); };
  std::string text;
  if (range.has_since()) text += column + " >= " + bound(range.since_ns);
  if (range.has_since() && range.has_until()) text += " AND ";
  if (range.has_until()) text += column + " < " + bound(range.until_ns);
  return " WHERE " + text;
}

}  // namespace

std::string rows_of_segments(std::span<const std::string> files, std::span<const StoreColumn> columns,
                             const std::optional<std::set<int32_t>>& present) {
  if (files.empty()) return no_rows(columns);
  std::string names, nulls;
  std::vector<StoreColumn> read;
  for (const std::string& file : files) append(names, sql_literal(file));
  for (const StoreColumn& column : columns) {
    if (!present || present->contains(column.id))
      read.push_back(column);
    else
      append(nulls, null_column(column));
  }
  if (read.empty()) read.assign(columns.begin(), columns.end()), nulls.clear();
  const std::string rows = "read_parquet([" + names + "], schema = " + schema(read) + ")";
  return nulls.empty() ? rows : "(SELECT *, " + nulls + " FROM " + rows + ")";
}

std::string flows_view(std::span<const std::string> files, const TimeRange& range, const StoreColumns& columns,
                       const std::string& where, const std::optional<std::set<int32_t>>& present) {
  std::string rows = "SELECT " + select_list(columns) + " FROM " + rows_of_segments(files, columns.all(), present) +
                     " AS segment" + condition(range);
  if (!where.empty()) rows = "SELECT * FROM (" + rows + ") WHERE " + where;
  return "CREATE VIEW flows AS " + rows;
}

FieldTable filter_fields(const StoreColumns& columns) {
  std::vector<ExtraField> extras;
  for (const StoreColumn& column : columns.all())
    if (column.extra && extras.size() < limits::kExtraFields)
      for (const ExtraColumn& added : columns.extras())
        if (added.id == column.id) {
          extras.push_back(added.field);
          extras.back().name = shown_name(column);
        }
  return FieldTable(std::move(extras));
}

std::vector<std::string> null_columns(const StoreColumns& columns, const std::set<int32_t>& present) {
  std::vector<std::string> names;
  for (const StoreColumn& column : columns.all()) {
    const bool is_field =
        column.extra || std::ranges::find(kFields, column.name, &FieldInfo::name) != std::ranges::end(kFields);
    if (is_field && !present.contains(column.id)) names.push_back(shown_name(column));
  }
  return names;
}

std::vector<FlowsColumn> flows_columns(const StoreColumns& columns) {
  std::vector<FlowsColumn> list;
  for (const FieldInfo& field : kFields) list.push_back({std::string(field.name), std::string(field.sql_type)});
  for (const char* name : {"time_received", "time_start", "time_end"}) list.push_back({name, "TIMESTAMP"});
  list.push_back({"duration", "DOUBLE"});
  list.push_back({std::string(kProtoName), "VARCHAR"});
  list.push_back({"etype_name", "VARCHAR"});
  for (const auto& scaled : kScaled) list.push_back({scaled.name, "DOUBLE"});
  for (const StoreColumn& column : columns.all())
    if (column.extra) list.push_back({shown_name(column), std::string(shown_type(column))});
  return list;
}

}  // namespace weir
