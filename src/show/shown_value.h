// SPDX-License-Identifier: Apache-2.0
// ShownValue: shows data records to people and scripts: every element of a record under its registry name, its value
// formatted by its abstract type (RFC 7011 §6.1), structured data (RFC 6313) as nested lists. For display, apart from
// the decoder: clear rather than fast.
//
//   in       a record's fields, any octets
//   out      a tree of values; its JSON
//   bounds   kMaxDepth levels of lists; no more values than the record has octets
//   failure  none: a value that does not fit its type is shown as its octets, in hexadecimal
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "elements/element_registry.h"
#include "templates/fits.h"
#include "templates/store.h"

namespace weir {

struct ShownValue {
  enum class Kind : uint8_t {
    none,    // a field of zero octets
    number,  // `text` is a JSON number, or true or false
    text,    // addresses, times, strings (as received)
    octets,  // in hexadecimal
    list,    // `members` without names
    record,  // `members` with names
  };
  Kind kind = Kind::none;
  std::string text{};
  std::vector<ShownValue> members{};
  std::string name{};                    // as a member of a record
  const ElementInfo* element = nullptr;  // the value's element, if the registry has it

  static ShownValue of_number(std::string digits) { return {Kind::number, std::move(digits)}; }
  static ShownValue of_text(std::string words) { return {Kind::text, std::move(words)}; }
  static ShownValue of_octets(std::string hexadecimal) { return {Kind::octets, std::move(hexadecimal)}; }
  static ShownValue of_list() { return {Kind::list}; }
  static ShownValue of_record() { return {Kind::record}; }
  void add(ShownValue value) { members.push_back(std::move(value)); }
  void add(std::string its_name, ShownValue value) {
    value.name = std::move(its_name);
    members.push_back(std::move(value));
  }
};

// The context for structured data: the templates that lists of records refer to.
struct ShownContext {
  Protocol protocol = Protocol::unknown;
  const SessionPlans* known = nullptr;
  const SetContext* set = nullptr;  // the data set that contains it; null: the newest layouts are used
  static constexpr unsigned kMaxDepth = 8;
};

// The value of one element; if `element` is null (not in the registry), the octets.
ShownValue show_value(const ShownContext& context, const ElementInfo* element, Bytes octets, unsigned depth = 0);

// Fields [first, last) of a record, in the template's order. An element that occurs several times is a list under one
// name. `fields`: as found by walk_record().
ShownValue show_fields(const ShownContext& context, const Plan& plan, const FieldBytes* fields, size_t first,
                       size_t last, unsigned depth = 0);

// Compact JSON, valid whatever the octets are: invalid UTF-8 becomes U+FFFD.
void append_json(std::string& out, const ShownValue& value);

}  // namespace weir
