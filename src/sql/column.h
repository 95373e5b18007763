// SPDX-License-Identifier: Apache-2.0
// SqlColumn: a column of a result (without values: null in every row), and how its values are written as text. Values
// of these types can be written: whole numbers of up to 128 bits, DOUBLE, DECIMAL, BOOLEAN, VARCHAR, DATE, the
// TIMESTAMPs, and lists of these; is_spelled() is false for all others, which the statement must cast.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/time_zone.h"

namespace weir {

enum class SqlStyle {
  human,  // 2026-11-21 09:39:00.123; in a zone other than UTC 2026-11-21 10:39:00.123 +01:00
  csv,    // 2026-11-21T09:39:00.123Z, 2026-11-21T10:39:00.123+01:00; text unchanged, lists as JSON
  json,   // the same times; text quoted and escaped
};

struct SqlType;    // column.cc
struct SqlVector;  // the values of one chunk

class SqlColumn {
 public:
  SqlColumn(std::string name, std::shared_ptr<const SqlType> type);

  const std::string& name() const { return name_; }
  bool is_number() const;        // to be right-aligned
  bool may_have_commas() const;  // its values as CSV: also quotes, and ends of lines
  bool is_spelled() const;
  bool is_128_bits() const;  // a HUGEINT, for example the sum of whole numbers

  bool is_null(size_t row) const;
  bool is_all_null(size_t rows) const;  // of the first `rows`
  // Appends the value to `out`; for null nothing (csv, human), or null (json).
  void append(std::string& out, size_t row, SqlStyle style) const;

  void set_vector(void* duckdb_vector);  // for SqlResult and row_text.cc

 private:
  std::string name_;
  std::shared_ptr<const SqlType> type_;
  std::shared_ptr<SqlVector> vector_;
};

// `zone`: in which its times are written.
std::shared_ptr<const SqlType> make_sql_type(void* duckdb_logical_type, const TimeZone& zone);

}  // namespace weir
