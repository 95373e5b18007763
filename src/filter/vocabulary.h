// SPDX-License-Identifier: Apache-2.0
// The words of the filter language: one table, from which the parser, the printer and the reference page are made.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "filter/filter.h"
#include "flow/field_table.h"

namespace weir {

// How the values of a subject are written.
enum class ValueKind : uint8_t {
  count,       // 1500, 0x5dc, 10K (1000), 10Ki (1024), up to E
  port,        // 443, https
  protocol,    // 6, tcp
  as_number,   // 64500, AS64500, 1.10 (asdot)
  length,      // of a prefix
  ethertype,   // 0x0800, ipv4
  flow_type,   // ipfix, netflow9, sflow
  direction,   // ingress, egress
  boolean,     // true, false
  tcp_flags,   // letters
  duration,    // 1500 (ms), 10s
  time,        // 2026-11-21T09:30Z, -1h
  mac,         // 00:1b:21:aa:bb:cc
  integer,     // with a sign
  real,        // 1.5
  address,     // address, network, range
  text,        // quoted, or a word
  only_there,  // cannot be compared; only `has`
};
ValueKind value_kind(const Subject& subject, const FieldTable& fields);
// What an error message says was expected.
std::string_view value_meaning(ValueKind kind);
// The largest key of the subject's numbers; the smallest is 0.
uint64_t largest_key(const Subject& subject, const FieldTable& fields);

// A way to name one subject, or two of which either may match.
struct Term {
  enum class Sides : uint8_t { one, src_dst, in_out };
  std::string_view words;  // "port": with sides also "src port", "dst port", "either port"
  Sides sides = Sides::one;
  Subject first, second;  // with sides: of the source (input) and of the destination (output)
  std::string_view meaning;
};
std::span<const Term> terms();

// A term as it is written.
struct TermSpelling {
  std::vector<std::string_view> words;
  const Term* term = nullptr;
  std::optional<Subject> first, second;
};
std::span<const TermSpelling> spellings();

// Words that mean something else than a subject's name: "and", "any", "inet", …
bool is_reserved(std::string_view word);
std::span<const std::string_view> reserved_words();

// How the printer writes the subject: "src port", "bytes", "field port".
std::string name_of(const Subject& subject, const FieldTable& fields);
// In words: "source port".
std::string phrase_of(const Subject& subject, const FieldTable& fields);

}  // namespace weir
