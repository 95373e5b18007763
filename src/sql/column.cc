// SPDX-License-Identifier: Apache-2.0
#include "sql/column.h"

#include <duckdb.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_text.h"
#include "base/text.h"
#include "base/time_slots.h"

namespace weir {

struct SqlType {
  duckdb_type id = DUCKDB_TYPE_INVALID;
  duckdb_type stored = DUCKDB_TYPE_INVALID;  // DECIMAL: the integer type it is stored in
  unsigned scale = 0;                        // DECIMAL: digits after the point
  bool is_json = false;                      // text that already is JSON
  std::shared_ptr<const SqlType> item;       // LIST
  TimeZone zone;                             // in which times are written
  bool is_utc = true;
};

struct SqlVector {
  const void* data = nullptr;
  const uint64_t* validity = nullptr;  // null: every row has a value
  std::shared_ptr<SqlVector> items;    // LIST

  template <class T>
  T at(size_t row) const {
    return static_cast<const T*>(data)[row];
  }
  bool is_null(size_t row) const { return validity && !((validity[row / 64] >> (row % 64)) & 1); }
};

namespace {

SqlVector read_vector(duckdb_vector vector, const SqlType& type) {
  SqlVector read{duckdb_vector_get_data(vector), duckdb_vector_get_validity(vector), {}};
  if (type.id == DUCKDB_TYPE_LIST)
    read.items = std::make_shared<SqlVector>(read_vector(duckdb_list_vector_get_child(vector), *type.item));
  return read;
}

template <class T>
void append_number(std::string& out, T value) {
  char text[64];
  auto [end, error] = std::to_chars(text, text + sizeof text, value);
  out.append(text, end);
}

std::string digits_of(unsigned __int128 value) {
  std::string digits;
  do digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
  while (value /= 10);
  return digits;
}

unsigned __int128 magnitude(__int128 value) {
  return value < 0 ? 0 - static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
}

void append_decimal(std::string& out, __int128 value, unsigned scale) {
  std::string digits = digits_of(magnitude(value));
  if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
  if (value < 0) out += '-';
  out.append(digits, 0, digits.size() - scale);
  if (scale == 0) return;
  out += '.';
  out.append(digits, digits.size() - scale);
}

template <class T>
void append_float(std::string& out, T value, SqlStyle style) {
  constexpr T kExact = 9'007'199'254'740'992;  // 2^53
  if (style == SqlStyle::json && !std::isfinite(value))
    out += "null";  // JSON has no such number
  else if (std::abs(value) < kExact && value == std::trunc(value) && (value != 0 || !std::signbit(value)))
    append_number(out, static_cast<int64_t>(value));  // 100000, not 1e+05
  else
    append_number(out, value);
}

void append_padded(std::string& out, uint64_t value, size_t width) {
  char digits[20];
  size_t at = sizeof digits;
  for (; value > 0 || sizeof digits - at < width; value /= 10) digits[--at] = static_cast<char>('0' + value % 10);
  out.append(digits + at, sizeof digits - at);
}

std::string date_text(int64_t days) {
  std::string out;
  // chrono's years end at 32767, DuckDB's much later; the calendar repeats every 400 years.
  constexpr int64_t kCycleYears = 400, kCycleDays = 146'097;
  const int64_t cycles = floor_to(days, kCycleDays) / kCycleDays;
  std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days - cycles * kCycleDays}}};
  const int64_t year = static_cast<int>(date.year()) + cycles * kCycleYears;
  if (year < 0) out += '-';
  append_padded(out, static_cast<uint64_t>(std::abs(year)), 4);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.day()), 2);
  return out;
}

// Neighbouring rows mostly have the same date.
void append_date(std::string& out, int64_t days) {
  thread_local int64_t last = std::numeric_limits<int64_t>::min();
  thread_local std::string text;
  if (days != last) text = date_text(days);
  last = days;
  out += text;
}

unsigned second_digits(duckdb_type id) {
  switch (id) {
    case DUCKDB_TYPE_TIMESTAMP_S:
      return 0;
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return 3;
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return 9;
    default:
      return 6;
  }
}

// RFC 3339 has no place for the seconds that offsets had before there were time zones, and writes such a time with the
// closest offset it can (§5.8).
int32_t rfc3339_offset(const TimeZone& zone, int64_t seconds) {
  return static_cast<int32_t>(floor_to(zone.offset(seconds) + 30, 60));
}

// "+05:30"
void append_offset(std::string& out, int32_t seconds) {
  out += seconds < 0 ? '-' : '+';
  const auto minutes = static_cast<uint64_t>(std::abs(seconds) / 60);
  append_padded(out, minutes / 60, 2);
  out += ':';
  append_padded(out, minutes % 60, 2);
}

// `count` units since 1970, a second having `digits` decimal digits of them: at least milliseconds are shown, more
// digits only if they are not zero.
void append_timestamp(std::string& out, int64_t count, const SqlType& type, SqlStyle style) {
  unsigned digits = second_digits(type.id);
  int64_t unit = 1;
  for (unsigned i = 0; i < digits; ++i) unit *= 10;
  int64_t seconds = count / unit, fraction = count % unit;
  if (fraction < 0) fraction += unit, --seconds;
  const int32_t offset = type.is_utc ? 0 : rfc3339_offset(type.zone, seconds);
  seconds += offset;
  int64_t days = seconds / 86'400, second = seconds % 86'400;
  if (second < 0) second += 86'400, --days;
  append_date(out, days);
  out += style == SqlStyle::human ? ' ' : 'T';
  append_padded(out, static_cast<uint64_t>(second / 3600), 2);
  out += ':';
  append_padded(out, static_cast<uint64_t>(second / 60 % 60), 2);
  out += ':';
  append_padded(out, static_cast<uint64_t>(second % 60), 2);
  while (digits > 3 && fraction % 1000 == 0) fraction /= 1000, digits -= 3;
  while (digits < 3) fraction *= 10, ++digits;
  out += '.';
  append_padded(out, static_cast<uint64_t>(fraction), digits);
  if (type.is_utc) {
    if (style != SqlStyle::human) out += 'Z';
    return;
  }
  if (style == SqlStyle::human) out += ' ';
  append_offset(out, offset);
}

// DuckDB's infinities: the largest value and the smallest but one.
template <class T>
std::string_view infinity(T value) {
  if (value == std::numeric_limits<T>::max()) return "infinity";
  if (value == -std::numeric_limits<T>::max()) return "-infinity";
  return {};
}

bool is_time(duckdb_type id) {
  return id == DUCKDB_TYPE_DATE || id == DUCKDB_TYPE_TIMESTAMP || id == DUCKDB_TYPE_TIMESTAMP_TZ ||
         id == DUCKDB_TYPE_TIMESTAMP_S || id == DUCKDB_TYPE_TIMESTAMP_MS || id == DUCKDB_TYPE_TIMESTAMP_NS;
}

void append_time(std::string& out, const SqlVector& vector, const SqlType& type, size_t row, SqlStyle style) {
  bool is_date = type.id == DUCKDB_TYPE_DATE;
  std::string_view endless = is_date ? infinity(vector.at<int32_t>(row)) : infinity(vector.at<int64_t>(row));
  if (style == SqlStyle::json) out += '"';
  if (!endless.empty())
    out += endless;
  else if (is_date)
    append_date(out, vector.at<int32_t>(row));
  else
    append_timestamp(out, vector.at<int64_t>(row), type, style);
  if (style == SqlStyle::json) out += '"';
}

__int128 whole_number(const SqlVector& vector, duckdb_type id, size_t row) {
  switch (id) {
    case DUCKDB_TYPE_SMALLINT:
      return vector.at<int16_t>(row);
    case DUCKDB_TYPE_INTEGER:
      return vector.at<int32_t>(row);
    case DUCKDB_TYPE_BIGINT:
      return vector.at<int64_t>(row);
    default:
      break;
  }
  auto value = vector.at<duckdb_hugeint>(row);
  return static_cast<__int128>(static_cast<unsigned __int128>(value.upper) << 64 | value.lower);
}

void append_text(std::string& out, const SqlVector& vector, const SqlType& type, size_t row, SqlStyle style) {
  auto* value = const_cast<duckdb_string_t*>(static_cast<const duckdb_string_t*>(vector.data)) + row;
  std::string_view text(duckdb_string_t_data(value), duckdb_string_t_length(*value));
  if (style == SqlStyle::json && !type.is_json)
    append_json_string(out, text);
  else
    out += text;
}

void append_value(std::string& out, const SqlVector& vector, const SqlType& type, size_t row, SqlStyle style);

// As JSON, whatever the style of the surrounding text.
void append_list(std::string& out, const SqlVector& vector, const SqlType& type, size_t row) {
  auto entry = vector.at<duckdb_list_entry>(row);
  out += '[';
  for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
    if (i > entry.offset) out += ',';
    append_value(out, *vector.items, *type.item, i, SqlStyle::json);
  }
  out += ']';
}

void append_value(std::string& out, const SqlVector& vector, const SqlType& type, size_t row, SqlStyle style) {
  if (vector.is_null(row)) {
    if (style == SqlStyle::json) out += "null";
    return;
  }
  switch (type.id) {
    case DUCKDB_TYPE_BOOLEAN:
      out += vector.at<bool>(row) ? "true" : "false";
      return;
    case DUCKDB_TYPE_TINYINT:
      append_number(out, vector.at<int8_t>(row));
      return;
    case DUCKDB_TYPE_SMALLINT:
      append_number(out, vector.at<int16_t>(row));
      return;
    case DUCKDB_TYPE_INTEGER:
      append_number(out, vector.at<int32_t>(row));
      return;
    case DUCKDB_TYPE_BIGINT:
      append_number(out, vector.at<int64_t>(row));
      return;
    case DUCKDB_TYPE_UTINYINT:
      append_number(out, vector.at<uint8_t>(row));
      return;
    case DUCKDB_TYPE_USMALLINT:
      append_number(out, vector.at<uint16_t>(row));
      return;
    case DUCKDB_TYPE_UINTEGER:
      append_number(out, vector.at<uint32_t>(row));
      return;
    case DUCKDB_TYPE_UBIGINT:
      append_number(out, vector.at<uint64_t>(row));
      return;
    case DUCKDB_TYPE_HUGEINT:
      append_decimal(out, whole_number(vector, type.id, row), 0);
      return;
    case DUCKDB_TYPE_UHUGEINT: {
      auto value = vector.at<duckdb_uhugeint>(row);
      out += digits_of(static_cast<unsigned __int128>(value.upper) << 64 | value.lower);
      return;
    }
    case DUCKDB_TYPE_DECIMAL:
      append_decimal(out, whole_number(vector, type.stored, row), type.scale);
      return;
    case DUCKDB_TYPE_FLOAT:
      append_float(out, vector.at<float>(row), style);
      return;
    case DUCKDB_TYPE_DOUBLE:
      append_float(out, vector.at<double>(row), style);
      return;
    case DUCKDB_TYPE_VARCHAR:
      append_text(out, vector, type, row, style);
      return;
    case DUCKDB_TYPE_LIST:
      append_list(out, vector, type, row);
      return;
    default:
      append_time(out, vector, type, row, style);
  }
}

bool is_number_type(duckdb_type id) {
  return (id >= DUCKDB_TYPE_TINYINT && id <= DUCKDB_TYPE_DOUBLE) || id == DUCKDB_TYPE_HUGEINT ||
         id == DUCKDB_TYPE_UHUGEINT || id == DUCKDB_TYPE_DECIMAL;
}

bool is_spelled_type(const SqlType& type) {
  if (type.id == DUCKDB_TYPE_LIST) return is_spelled_type(*type.item);
  return is_number_type(type.id) || is_time(type.id) || type.id == DUCKDB_TYPE_BOOLEAN ||
         type.id == DUCKDB_TYPE_VARCHAR;
}

}  // namespace

std::shared_ptr<const SqlType> make_sql_type(void* duckdb_logical_type_of_column, const TimeZone& zone) {
  auto logical = static_cast<duckdb_logical_type>(duckdb_logical_type_of_column);
  auto type = std::make_shared<SqlType>();
  type->id = duckdb_get_type_id(logical);
  type->zone = zone;
  type->is_utc = zone.is_utc();
  if (type->id == DUCKDB_TYPE_DECIMAL) {
    type->stored = duckdb_decimal_internal_type(logical);
    type->scale = duckdb_decimal_scale(logical);
  }
  if (type->id == DUCKDB_TYPE_LIST) {
    duckdb_logical_type item = duckdb_list_type_child_type(logical);
    type->item = make_sql_type(item, zone);
    duckdb_destroy_logical_type(&item);
  }
  if (char* alias = duckdb_logical_type_get_alias(logical)) {
    type->is_json = std::string_view(alias) == "JSON";
    duckdb_free(alias);
  }
  return type;
}

SqlColumn::SqlColumn(std::string name, std::shared_ptr<const SqlType> type)
    : name_(std::move(name)), type_(std::move(type)) {}

bool SqlColumn::is_number() const { return is_number_type(type_->id); }
bool SqlColumn::may_have_commas() const { return type_->id == DUCKDB_TYPE_VARCHAR || type_->id == DUCKDB_TYPE_LIST; }
bool SqlColumn::is_spelled() const { return is_spelled_type(*type_); }
bool SqlColumn::is_128_bits() const { return type_->id == DUCKDB_TYPE_HUGEINT || type_->id == DUCKDB_TYPE_UHUGEINT; }
bool SqlColumn::is_null(size_t row) const { return !vector_ || vector_->is_null(row); }

bool SqlColumn::is_all_null(size_t rows) const {
  if (!vector_) return true;
  if (!vector_->validity) return rows == 0;
  size_t row = 0;
  for (; row + 64 <= rows; row += 64)
    if (vector_->validity[row / 64] != 0) return false;
  while (row < rows && vector_->is_null(row)) ++row;
  return row == rows;
}

void SqlColumn::append(std::string& out, size_t row, SqlStyle style) const {
  if (vector_) return append_value(out, *vector_, *type_, row, style);
  if (style == SqlStyle::json) out += "null";
}

// Copies of a column share the values of the chunk that they had; the next chunk is for this one only.
void SqlColumn::set_vector(void* vector) {
  if (vector_.use_count() != 1) vector_ = std::make_shared<SqlVector>();
  *vector_ = read_vector(static_cast<duckdb_vector>(vector), *type_);
}

}  // namespace weir
