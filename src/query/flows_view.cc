// SPDX-License-Identifier: Apache-2.0
#include "query/flows_view.h"

#include "flow/fields.h"
#include "sink/spelling.h"
#include "sql/engine.h"
#include "store/columns.h"

namespace weir {
namespace {

constexpr const char* kReceivedNs = "epoch_ns(segment.time_received)";
constexpr const char* kStartNs = "(epoch_ns(segment.time_start) + coalesce(segment.time_start_sub_ns, 0))";
// Milliseconds are added before they become nanoseconds: the duration of a flow may be more than a number of those
// holds, where its start and end are not.
constexpr const char* kEndNs =
    "coalesce((epoch_ms(segment.time_start) + segment.duration_ms) * 1000000 + "
    "coalesce(segment.time_start_sub_ns, 0) + coalesce(segment.duration_sub_ns, 0), "
    "epoch_ns(segment.time_end) + coalesce(segment.time_end_sub_ns, 0))";

void append(std::string& list, const std::string& item) { list += (list.empty() ? "" : ", ") + item; }

std::string schema(Table table) {
  std::string items;
  for (const StoreColumn& column : store_columns(table))
    append(items, std::to_string(column.id) + ": {name: " + sql_literal(column.name) +
                      ", type: " + sql_literal(sql_type(column.type)) + ", default_value: NULL}");
  return "MAP {" + items + "}";
}

std::string no_rows(Table table) {
  std::string items;
  for (const StoreColumn& column : store_columns(table))
    append(items, "CAST(NULL AS " + std::string(sql_type(column.type)) + ") AS " + sql_name(column.name));
  return "(SELECT " + items + " WHERE false)";
}

// A list that is looked up by number: DuckDB folds it into a constant.
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

std::string select_list() {
  std::string items;
  for (const FieldInfo& field : kFields) append(items, expression(field) + " AS " + sql_name(field.name));
  append(items, "time_received");
  append(items, "time_start");
  append(items, std::string("epoch_ms(") + kEndNs + " // 1000000) AS time_end");
  append(items, proto_names() + "[proto::INTEGER + 1] AS proto_name");
  return items;
}

std::string microseconds(int64_t ns) { return "make_timestamp(" + std::to_string(ns / 1000) + ")"; }

// Received and start times are columns of their own, whose statistics let DuckDB pass over row groups; the end is
// computed. Bounds are whole milliseconds, so that the part below one cannot matter.
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

std::string rows_of_segments(std::span<const std::string> files, Table table) {
  if (files.empty()) return no_rows(table);
  std::string names;
  for (const std::string& file : files) append(names, sql_literal(file));
  return "read_parquet([" + names + "], schema = " + schema(table) + ")";
}

std::string flows_view(std::span<const std::string> files, const TimeRange& range) {
  return "CREATE VIEW flows AS SELECT " + select_list() + " FROM " + rows_of_segments(files, Table::flows) +
         " AS segment" + condition(range);
}

const std::vector<FlowsColumn>& flows_columns() {
  static const std::vector<FlowsColumn> columns = [] {
    std::vector<FlowsColumn> list;
    for (const FieldInfo& field : kFields) list.push_back({std::string(field.name), std::string(field.sql_type)});
    for (const char* name : {"time_received", "time_start", "time_end"}) list.push_back({name, "TIMESTAMP"});
    list.push_back({"proto_name", "VARCHAR"});
    return list;
  }();
  return columns;
}

}  // namespace weir
