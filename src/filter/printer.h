// SPDX-License-Identifier: Apache-2.0
// A filter as text: as an expression, in words, and as JSON.
#pragma once

#include <string>

#include "filter/filter.h"
#include "flow/field_table.h"

namespace weir {

// An expression that parse_filter() reads as the same filter.
std::string filter_text(const Filter& filter, const FieldTable& fields);

// "source address is in 10.0.0.0/8, and destination port is 443"
std::string filter_in_words(const Filter& filter, const FieldTable& fields);

// {"or":[…]}, {"not":…}, {"any":true}, {"test":"src port","in":["443"]}, …
std::string filter_json(const Filter& filter, const FieldTable& fields);

}  // namespace weir
