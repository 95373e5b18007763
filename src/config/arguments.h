// SPDX-License-Identifier: Apache-2.0
// The words of a subcommand, given to CLI11 so that `--flag=` is the flag with an empty value.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace weir {

using Arguments = std::vector<std::string>;

// As app.parse(), which would take the word after `--flag=` for its value. Throws CLI::ParseError; of a flag that takes
// no value, too, when it is given an empty one.
void parse_words(CLI::App& app, const Arguments& words);

}  // namespace weir
