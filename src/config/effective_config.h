// SPDX-License-Identifier: Apache-2.0
// Prints the configuration in force and the origin of each value: `weir config show` and `weir collect --check`.
#pragma once

#include <string>

#include "config/options.h"

namespace weir {

// As TOML that can be used as a configuration file; each value's origin is in a comment.
std::string effective_toml(const LoadedConfig& loaded);
// {"collect.listen": {"value": [..], "origin": "default"}, .., "output": [{"name": {"value": .., "origin": ..}, ..}]}
std::string effective_json(const LoadedConfig& loaded);

// A value in TOML syntax.
std::string toml_value(const OptionInfo& option, const Value& value);

}  // namespace weir
