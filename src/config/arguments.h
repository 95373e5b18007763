// SPDX-License-Identifier: Apache-2.0
// Passes a subcommand's arguments to CLI11 so that `--flag=` sets the flag to an empty value.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace weir {

using Arguments = std::vector<std::string>;

// Like app.parse(), except that app.parse() would take the argument after `--flag=` as its value. Throws
// CLI::ParseError, also if a flag that takes no value is given an empty one.
void parse_words(CLI::App& app, const Arguments& words);

// Calls `parse`, which calls parse_words(). False if only help was wanted, which it prints. Throws usage_error for
// wrong arguments. The name of `app` is that of the subcommand, as in "weir top".
bool parse_or_help(const CLI::App& app, const std::function<void()>& parse);

}  // namespace weir
