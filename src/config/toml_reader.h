// SPDX-License-Identifier: Apache-2.0
// Reads a TOML file into values of a schema, each with its place; the file is read whole at set-up.
//
//   in       the text of a file: anything, up to kMaxConfigOctets
//   out      values of options, and repeated tables, in the order of the file
//   failure  invalid TOML, unknown keys and wrong types are all added to Problems; everything valid is read
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

// `path`: the file's name in messages.
ConfigDocument read_toml(const Schema& schema, const std::string& path, const std::string& text, Problems& problems);

}  // namespace weir
