// SPDX-License-Identifier: Apache-2.0
// The columns of a segment, in order, as described in docs/formats/store.md. The Parquet writer, the SQL views and
// merging all read this list; it is built from the tables of fields (flow/fields.h, wire/counter_fields.h) and from the
// fields that configurations have added to a store.
//
// A column without any value in a segment is left out of it and reads as null: readers pass the whole list to DuckDB's
// read_parquet(schema = MAP {field id: name, type, default}) and never depend on which columns one file has.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flow/field_table.h"
#include "parquet/column.h"
#include "store/table.h"

namespace weir {

// Times are whole milliseconds; the part below a millisecond is in a separate column, absent if it is always zero. The
// end is stored as the duration; only a record that has an end but no start has time_end.
//   start ns = time_start * 1,000,000 + time_start_sub_ns
//   end ns   = start ns + duration_ms * 1,000,000 + duration_sub_ns,  else time_end * 1,000,000 + time_end_sub_ns
// (sub-millisecond parts are 0 where null, and always 0 to 999,999; the duration may be negative).
inline constexpr int32_t kDurationId = 2000;
inline constexpr int32_t kStartSubId = 2001;
inline constexpr int32_t kDurationSubId = 2002;
inline constexpr int32_t kEndSubId = 2003;

// Whether a configuration may use this name for a field: no field, no column of segments or of the view `flows`, and no
// key of their folders has it.
bool is_free_field_name(std::string_view name);

// The columns that the tables of fields define.
std::span<const StoreColumn> store_columns(Table table = Table::flows);

// A field that a configuration added to a store: a row of `extra_fields` in catalog.db. It stays there, with its id and
// type, as long as the store exists, so that segments written with it can be read and merged whatever the current
// configuration is.
struct ExtraColumn {
  int32_t id = 0;  // Parquet field id
  ExtraField field;
};
inline constexpr int32_t kFirstExtraId = 10'000;

// The columns of flows in one store: those of the field table and the added ones.
class StoreColumns {
 public:
  // `configured`: defines which slot of a batch has which field; added fields are matched by name.
  explicit StoreColumns(std::vector<ExtraColumn> extras = {}, const FieldTable& configured = FieldTable::plain());
  StoreColumns(const StoreColumns&) = delete;
  StoreColumns& operator=(const StoreColumns&) = delete;

  std::span<const StoreColumn> all() const { return all_; }
  std::span<const ExtraColumn> extras() const { return extras_; }

 private:
  const std::vector<ExtraColumn> extras_;
  std::vector<FieldInfo> infos_;  // the field infos of extras_
  std::vector<StoreColumn> all_;
};

// "UBIGINT", "TIMESTAMP", "UINTEGER[]", …
std::string_view sql_type(StoreType type);

}  // namespace weir
