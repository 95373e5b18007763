// SPDX-License-Identifier: Apache-2.0
#include "store/columns.h"

#include <algorithm>

#include "base/assert.h"
#include "wire/counter_fields.h"

namespace weir {
namespace {

StoreType store_type(const FieldInfo& field) {
  if (field.sql_type == "BOOLEAN") return StoreType::u8;
  if (field.sql_type == "BIGINT") return StoreType::i64;
  if (field.sql_type == "DOUBLE") return StoreType::f64;
  if (field.sql_type == "VARCHAR") return StoreType::text;
  if (field.sql_type == "VARCHAR[]") return StoreType::list_text;
  if (field.sql_type == "UINTEGER[]") return StoreType::list_u32;
  if (field.sql_type == "UTINYINT") return StoreType::u8;
  if (field.sql_type == "USMALLINT") return StoreType::u16;
  if (field.sql_type == "UINTEGER") return StoreType::u32;
  WEIR_ASSERT(field.sql_type == "UBIGINT");
  return StoreType::u64;
}

std::vector<StoreColumn> flow_columns() {
  std::vector<StoreColumn> columns;
  for (const FieldInfo& f : kFields) {
    int32_t id = f.protobuf_number;
    switch (f.field) {
      case Field::time_received_ns:
        columns.push_back({"time_received", id, StoreType::timestamp_ms, f.field, "When the datagram was received"});
        break;
      case Field::time_flow_start_ns:
        columns.push_back({"time_start", id, StoreType::timestamp_ms, f.field, "First packet of the flow"});
        columns.push_back({"time_start_sub_ns", kStartSubId, StoreType::i32, f.field,
                           "Nanoseconds of time_start below the millisecond"});
        break;
      case Field::time_flow_end_ns:
        columns.push_back({"duration_ms", kDurationId, StoreType::i64, f.field, "From the first packet to the last"});
        columns.push_back({"duration_sub_ns", kDurationSubId, StoreType::i32, f.field,
                           "Nanoseconds of the duration below the millisecond"});
        columns.push_back(
            {"time_end", id, StoreType::timestamp_ms, f.field, "Last packet of a flow whose first packet is unknown"});
        columns.push_back(
            {"time_end_sub_ns", kEndSubId, StoreType::i32, f.field, "Nanoseconds of time_end below the millisecond"});
        break;
      default:
        columns.push_back({f.name, id, store_type(f), f.field, f.meaning});
    }
  }
  return columns;
}

std::vector<StoreColumn> counter_columns() {
  std::vector<StoreColumn> columns;
  for (const CounterColumn& c : kCounterColumns) {
    auto add = [&](StoreType type, Field like) { columns.push_back({c.name, c.number, type, like, c.meaning}); };
    switch (c.type) {
      case CounterType::time_ms:
        add(StoreType::timestamp_ms, Field::time_received_ns);
        break;
      case CounterType::address:
        add(StoreType::text, Field::sampler_address);
        break;
      case CounterType::u32:
        add(StoreType::u32, Field::in_if);
        break;
      case CounterType::u64:
        add(StoreType::u64, Field::bytes);
        break;
    }
  }
  return columns;
}

}  // namespace

bool is_free_field_name(std::string_view name) {
  for (std::string_view taken :
       {"duration", "proto_name", "etype_name", "scaled_bytes", "scaled_packets", "day", "hour"})
    if (name == taken) return false;
  return !find_field(name) && std::ranges::find(store_columns(), name, &StoreColumn::name) == store_columns().end();
}

std::span<const StoreColumn> store_columns(Table table) {
  static const std::array<std::vector<StoreColumn>, kTableCount> columns{flow_columns(), counter_columns()};
  return columns[static_cast<size_t>(table)];
}

StoreColumns::StoreColumns(std::vector<ExtraColumn> extras, const FieldTable& configured)
    : extras_(std::move(extras)), all_(store_columns().begin(), store_columns().end()) {
  infos_.reserve(extras_.size());  // because the columns point into it
  for (const ExtraColumn& extra : extras_) {
    const FieldInfo* now = configured.find(extra.field.name);
    Field slot = now && is_extra(now->field) ? now->field : kNoField;
    const FieldInfo& field = infos_.emplace_back(extra_info(slot, extra.field));
    all_.push_back({field.name, extra.id, store_type(field), slot, "", &field});
  }
}

std::string_view sql_type(StoreType type) {
  switch (type) {
    case StoreType::u8:
      return "UTINYINT";
    case StoreType::u16:
      return "USMALLINT";
    case StoreType::u32:
      return "UINTEGER";
    case StoreType::u64:
      return "UBIGINT";
    case StoreType::i32:
      return "INTEGER";
    case StoreType::i64:
      return "BIGINT";
    case StoreType::f64:
      return "DOUBLE";
    case StoreType::timestamp_ms:
      return "TIMESTAMP";
    case StoreType::text:
      return "VARCHAR";
    case StoreType::list_u32:
      return "UINTEGER[]";
    case StoreType::list_text:
      return "VARCHAR[]";
  }
  return "";
}

}  // namespace weir
