// SPDX-License-Identifier: Apache-2.0
// A file of TOML as values of a schema: read whole at set-up, each value with its place.
//
//   in       the text of a file: anything, up to kMaxOctets
//   out      values of options, and repeated tables, in the order of the file
//   failure  what is no TOML, no key or of the wrong type goes to Problems, all of it; what is right is read
#pragma once

#include <string>
#include <vector>

#include "config/schema.h"

namespace weir {

struct ConfigDocument {
  std::vector<std::pair<const OptionInfo*, Value>> values;
  std::vector<std::pair<const RepeatedTable*, TableValues>> tables;
};

inline constexpr size_t kMaxConfigOctets = 4u << 20;

// `path`: its name in messages.
ConfigDocument read_toml(const Schema& schema, const std::string& path, const std::string& text, Problems& problems);

}  // namespace weir
