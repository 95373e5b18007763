// SPDX-License-Identifier: Apache-2.0
// What is in force, and who said so: `weir config show` and `weir collect --check`.
#pragma once

#include <string>

#include "config/options.h"

namespace weir {

// As a file that may be given back; the origin of each value in a comment.
std::string effective_toml(const LoadedConfig& loaded);
// {"collect.listen": {"value": [..], "origin": "default"}, .., "output": [{"name": {"value": .., "origin": ..}, ..}]}
std::string effective_json(const LoadedConfig& loaded);

// A value as TOML writes it.
std::string toml_value(const OptionInfo& option, const Value& value);

}  // namespace weir
