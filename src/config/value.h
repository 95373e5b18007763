// SPDX-License-Identifier: Apache-2.0
// Value: what somebody wrote for an option, and where.
#pragma once

#include <string>
#include <vector>

namespace weir {

struct Place {
  std::string source;             // "/etc/weir/weir.toml", "--http", "WEIR_COLLECT_HTTP", "default"
  unsigned line = 0, column = 0;  // in a file, from 1; 0: it is none
  bool is_default() const { return source == "default"; }
  // "/etc/weir/weir.toml:3", "--http"
  std::string to_string() const { return line > 0 ? source + ":" + std::to_string(line) : source; }
};

struct Value {
  std::string text;                // as a flag would spell it; of a list: the items, joined by commas
  std::vector<std::string> items;  // of a list, as they are: with commas, where they have some
  Place place;
  // Whatever place it has.
  bool is_same_as(const Value& other) const { return text == other.text && items == other.items; }
};

}  // namespace weir
