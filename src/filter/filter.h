// SPDX-License-Identifier: Apache-2.0
// Filter: what a filter expression means, as a tree. The parser makes it; the printer, SQL (filter/sql.h) and the
// predicate over batches (filter/predicate.h) read it.
//
// A filter is true, false or unknown for a flow, as in SQL (Kleene's logic): a test of a field that the flow does not
// have is unknown, so is its negation, and only flows for which the filter is true are selected. Zero, an address of
// the other family and an empty list are values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address_set.h"
#include "base/range_set.h"
#include "flow/fields.h"

namespace weir {

// What a test compares: a field, or a number computed from several.
struct Subject {
  enum class Kind : uint8_t {
    field,
    duration,  // ns from the first packet to the last
    pps,       // packets a second, bits a second, octets a packet: whole numbers, rounded down; 0 if the divisor is
    bps,       // not above 0
    bpp,
  };
  Kind kind = Kind::field;
  Field field{};
  bool operator==(const Subject&) const = default;
};

struct Filter {
  enum class Kind : uint8_t {
    any,        // every flow
    all_of,     // `parts`, at least two
    any_of,     // `parts`, at least two
    negation,   // `parts`, one
    numbers,    // the subject is in `numbers`; of a list: one of its elements
    bits,       // all of `bits` are set in the subject
    addresses,  // the subject is in `addresses`; of a list: one of its elements
    texts,      // the subject is one of `texts`
    present,    // the subject has a value; true or false, never unknown
  };
  Kind kind = Kind::any;
  std::vector<Filter> parts;
  Subject subject;
  // Keys of the subject's numbers: numbers of any type, in the same order (number_key.h).
  NumberSet numbers;
  AddressSet addresses;
  std::vector<std::string> texts;  // sorted
  uint64_t bits = 0;

  bool operator==(const Filter&) const = default;
};

}  // namespace weir
