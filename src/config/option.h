// SPDX-License-Identifier: Apache-2.0
// Option: one key of a configuration table. Flags, keys of weir.toml, WEIR_… variables, --help, the reference and the
// JSON Schema are all generated from lists of these; no option is listed anywhere else.
#pragma once

#include <cstdint>
#include <string_view>

#include "config/value.h"

namespace weir {

// The TOML types that a key accepts; flags and variables are always text. A secret never appears in the configuration
// itself: its key names a file (config/secret_file.h).
enum class ValueKind : uint8_t { text, list, size, duration, number, boolean, text_or_number, secret_file };

// Instead of a default: the key is required in its table.
inline constexpr std::string_view kNeeded = "(needed)";

struct OptionInfo {
  std::string_view key;   // "collect.listen"; in a table that may appear several times: "name"
  std::string_view flag;  // "--listen"; empty: none
  ValueKind kind = ValueKind::text;
  std::string_view value_name;  // "URI,.." in --help
  std::string_view fallback;    // the default, as a user would write it
  std::string_view group;       // heading in --help and the reference
  std::string_view meaning;

  bool is_needed() const { return fallback == kNeeded; }
};

// Parses a value into a T. Throws usage_error: what is wrong with it and what to write instead; the caller prepends the
// place.
template <class T>
struct Option : OptionInfo {
  void (*set)(T& target, const Value& value) = nullptr;
};

}  // namespace weir
