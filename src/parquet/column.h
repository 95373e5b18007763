// SPDX-License-Identifier: Apache-2.0
// A column of a Parquet file as Weir writes it: its name, its field id, and Parquet's physical and logical type.
#pragma once

#include <cstdint>
#include <string_view>

#include "flow/fields.h"

namespace weir {

// How a column is stored: Parquet's physical and logical type.
enum class StoreType : uint8_t {
  u8,            // INT32, INT(8, unsigned)
  u16,           // INT32, INT(16, unsigned)
  u32,           // INT32, INT(32, unsigned)
  u64,           // INT64, INT(64, unsigned)
  i32,           // INT32
  i64,           // INT64
  f64,           // DOUBLE
  timestamp_ms,  // INT64, TIMESTAMP(MILLIS, not adjusted: a UTC wall clock); ms since 1970
  text,          // BYTE_ARRAY, STRING
  list_u32,      // LIST of INT32, INT(32, unsigned)
  list_text,     // LIST of STRING
};

inline constexpr Field kNoField = static_cast<Field>(255);

struct StoreColumn {
  std::string_view name;
  int32_t id;  // Parquet field id, never reused for another column: a field's Protobuf number, or from 2000 upwards
  StoreType type;
  Field field;  // the field it is made from; in counters: one whose values are stored the same way; kNoField: an added
                // column that is not configured now
  std::string_view meaning;
  const FieldInfo* extra = nullptr;  // for an added column: how its values are kept and spelled
};
inline const FieldInfo& info_of(const StoreColumn& column) { return column.extra ? *column.extra : info(column.field); }

}  // namespace weir
