// SPDX-License-Identifier: Apache-2.0
// Generates the pages of docs/ that are made from the program's tables; `./dev lint` fails if a committed page differs.
// Printed by the hidden command `weir docs`.
#pragma once

#include <string>

namespace weir {

std::string config_reference();     // docs/reference/config.md
std::string fields_reference();     // docs/reference/fields.md
std::string counters_reference();   // docs/reference/counters.md
std::string malformed_reference();  // docs/reference/malformed.md
std::string filter_page();          // docs/reference/filter.md
std::string example_config();       // docs/weir.toml: every key, commented out at its default

}  // namespace weir
