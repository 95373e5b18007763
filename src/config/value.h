// SPDX-License-Identifier: Apache-2.0
// Value: what a user wrote for an option, and where.
#pragma once

#include <string>
#include <vector>

namespace weir {

struct Place {
  std::string source;             // "/etc/weir/weir.toml", "--http", "WEIR_COLLECT_HTTP", "default"
  unsigned line = 0, column = 0;  // in a file, from 1; 0: not in a file
  bool is_default() const { return source == "default"; }
  // "/etc/weir/weir.toml:3", "--http"
  std::string to_string() const { return line > 0 ? source + ":" + std::to_string(line) : source; }
};

struct Value {
  std::string text;                // as in a flag; for a list: the items, joined by commas
  std::vector<std::string> items;  // for a list: the items unchanged, including any commas
  Place place;
  // Compares without the place.
  bool is_same_as(const Value& other) const { return text == other.text && items == other.items; }
};

}  // namespace weir
