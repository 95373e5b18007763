// SPDX-License-Identifier: Apache-2.0
#include "filter/sql.h"

#include <array>
#include <charconv>
#include <cmath>

#include "base/assert.h"
#include "base/sql_text.h"
#include "filter/number_key.h"
#include "filter/values.h"
#include "filter/vocabulary.h"
#include "flow/batch.h"

namespace weir {
namespace {

constexpr uint64_t kLargest = ~uint64_t{0};

// How a subject is compared: its expression, and how a key becomes a literal.
struct Compared {
  std::string expression;
  std::string (*literal)(uint64_t key);
  bool rounded_down = false;  // the expression has a fraction, which does not count
};

std::string unsigned_literal(uint64_t key) { return std::to_string(key); }
std::string signed_literal(uint64_t key) { return std::to_string(signed_of(key)); }
std::string double_literal(uint64_t key) { return std::to_string(key) + "::DOUBLE"; }
std::string mac_literal(uint64_t key) { return sql_literal(value_text(ValueKind::mac, key)); }

std::string real_literal(uint64_t key) {
  double value = real_of(key);
  if (std::isnan(value)) return "'nan'::DOUBLE";
  if (std::isinf(value)) return value > 0 ? "'inf'::DOUBLE" : "'-inf'::DOUBLE";
  std::array<char, 32> text;
  char* end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific).ptr;
  return std::string(text.data(), end) + "::DOUBLE";
}

// A quotient of doubles, 0 if the divisor is not above 0: the same operations as in predicate.cc, in the same order.
std::string ratio(const std::string& numerator, const std::string& divisor) {
  return "CASE WHEN " + divisor + " > 0 THEN " + numerator + " / " + divisor + " WHEN " + divisor + " <= 0 THEN 0 * " +
         numerator + " END";
}

const char* const kDuration = "(time_flow_end_ns::HUGEINT - time_flow_start_ns::HUGEINT)";
const char* const kDurationMs = "(time_flow_end_ns::HUGEINT - time_flow_start_ns::HUGEINT)::DOUBLE / 1000000::DOUBLE";

std::string column(const Subject& subject, const FieldTable& fields) {
  return sql_name(fields.info(subject.field).name);
}

Compared compared(const Subject& subject, const FieldTable& fields) {
  switch (subject.kind) {
    case Subject::Kind::duration:
      return {kDuration, signed_literal};
    case Subject::Kind::pps:
      return {ratio("packets::DOUBLE * 1000::DOUBLE", std::string("(") + kDurationMs + ")"), double_literal, true};
    case Subject::Kind::bps:
      return {ratio("bytes::DOUBLE * 8000::DOUBLE", std::string("(") + kDurationMs + ")"), double_literal, true};
    case Subject::Kind::bpp:
      return {ratio("bytes::DOUBLE", "packets::DOUBLE"), double_literal, true};
    case Subject::Kind::field:
      break;
  }
  std::string name = column(subject, fields);
  switch (value_kind(subject, fields)) {
    case ValueKind::time:
    case ValueKind::integer:
      return {name, signed_literal};
    case ValueKind::real:
      return {name, real_literal};
    case ValueKind::mac:
      return {name, mac_literal};
    case ValueKind::boolean:
      return {name + "::UTINYINT", unsigned_literal};
    case ValueKind::length:
      return {"TRY_CAST(split_part(" + name + ", '/', 2) AS UTINYINT)", unsigned_literal};
    default:
      return {name, unsigned_literal};
  }
}

std::string never(const std::string& expression) { return "(CASE WHEN " + expression + " IS NOT NULL THEN false END)"; }
std::string always(const std::string& expression) { return "(CASE WHEN " + expression + " IS NOT NULL THEN true END)"; }

std::string in_range(const Compared& by, const Range<uint64_t>& range) {
  if (by.rounded_down) {
    std::string text = range.first ? by.expression + " >= " + by.literal(range.first) : "";
    if (range.last != kLargest)
      text += (text.empty() ? "" : " AND ") + by.expression + " < " + by.literal(range.last + 1);
    return text.empty() ? always(by.expression) : "(" + text + ")";
  }
  if (range.first == range.last) return by.expression + " = " + by.literal(range.first);
  if (range.first == 0 && range.last == kLargest) return always(by.expression);
  if (range.first == 0) return by.expression + " <= " + by.literal(range.last);
  if (range.last == kLargest) return by.expression + " >= " + by.literal(range.first);
  return by.expression + " BETWEEN " + by.literal(range.first) + " AND " + by.literal(range.last);
}

// Single numbers together in one IN, then ranges.
std::string in_set(const Compared& by, const NumberSet& set) {
  if (set.empty()) return never(by.expression);
  std::string singles, text;
  for (const auto& range : set.ranges()) {
    if (range.first == range.last && !by.rounded_down)
      singles += (singles.empty() ? "" : ", ") + by.literal(range.first);
    else
      text += (text.empty() ? "" : " OR ") + in_range(by, range);
  }
  if (singles.empty()) return "(" + text + ")";
  std::string one = singles.contains(',') ? by.expression + " IN (" + singles + ")" : by.expression + " = " + singles;
  return "(" + one + (text.empty() ? "" : " OR ") + text + ")";
}

// The flow types are texts in SQL, whose order means nothing.
std::string in_types(const std::string& name, const NumberSet& set) {
  std::string list;
  for (FlowType type : kFlowTypes)
    if (set.contains(static_cast<uint64_t>(type)))
      list += (list.empty() ? "" : ", ") + sql_literal(flow_type_name(type));
  return list.empty() ? never(name) : "(" + name + " IN (" + list + "))";
}

std::string in_addresses(const std::string& name, const AddressSet& set) {
  if (set.empty()) return never(name);
  // Single addresses are compared as texts, so that the engine can skip row groups by their minima and maxima.
  if (const Uint128* only = set.only()) return "(" + name + " = " + sql_literal(address_of(*only).to_string()) + ")";
  return "in_net(" + name + ", " + sql_literal(address_set_text(set)) + ")";
}

std::string in_texts(const std::string& name, const std::vector<std::string>& texts) {
  if (texts.empty()) return never(name);
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + sql_literal(text);
  return "(" + name + " IN (" + list + "))";
}

// Whether the condition, on x, holds for an element of the list; null for a list that is null.
std::string some_element(const std::string& list, const std::string& condition) {
  return "(len(list_filter(" + list + ", lambda x: " + condition + ")) > 0)";
}

bool is_list(const Subject& subject, const FieldTable& fields) {
  if (subject.kind != Subject::Kind::field) return false;
  Column column = fields.info(subject.field).column;
  return column == Column::list_u32 || column == Column::list_address;
}

std::string numbers(const Filter& filter, const FieldTable& fields) {
  if (is_list(filter.subject, fields))
    return some_element(column(filter.subject, fields), in_set({"x", unsigned_literal}, filter.numbers));
  if (value_kind(filter.subject, fields) == ValueKind::flow_type)
    return in_types(column(filter.subject, fields), filter.numbers);
  return in_set(compared(filter.subject, fields), filter.numbers);
}

std::string addresses(const Filter& filter, const FieldTable& fields) {
  std::string name = column(filter.subject, fields);
  if (is_list(filter.subject, fields)) return some_element(name, in_addresses("x", filter.addresses));
  return in_addresses(name, filter.addresses);
}

std::string present(const Subject& subject, const FieldTable& fields) {
  std::string expression =
      subject.kind == Subject::Kind::field ? column(subject, fields) : compared(subject, fields).expression;
  return "((" + expression + ") IS NOT NULL)";
}

std::string joined(const Filter& filter, const char* between, const FieldTable& fields) {
  std::string text;
  for (const Filter& part : filter.parts) text += (text.empty() ? "" : between) + filter_sql(part, fields);
  return "(" + text + ")";
}

}  // namespace

std::string filter_sql(const Filter& filter, const FieldTable& fields) {
  switch (filter.kind) {
    case Filter::Kind::any:
      return "true";
    case Filter::Kind::all_of:
      return joined(filter, " AND ", fields);
    case Filter::Kind::any_of:
      return joined(filter, " OR ", fields);
    case Filter::Kind::negation:
      return "(NOT " + filter_sql(filter.parts[0], fields) + ")";
    case Filter::Kind::numbers:
      return numbers(filter, fields);
    case Filter::Kind::bits:
      return "((" + column(filter.subject, fields) + " & " + std::to_string(filter.bits) +
             ") = " + std::to_string(filter.bits) + ")";
    case Filter::Kind::addresses:
      return addresses(filter, fields);
    case Filter::Kind::texts:
      return in_texts(column(filter.subject, fields), filter.texts);
    case Filter::Kind::present:
      return present(filter.subject, fields);
  }
  WEIR_ASSERT(false);
}

}  // namespace weir
