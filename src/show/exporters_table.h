// SPDX-License-Identifier: Apache-2.0
// Renders the ledger as text: aligned tables for people, and hints about what needs attention. Made from its JSON, so
// that a running collector's answer and a catalog on disk look alike.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace weir {

// `plain` is for programs: numbers without separators, times in full, all columns. `terminal` omits columns of counters
// that should be 0 and are.
enum class TableStyle { terminal, plain };

// The exporters, then the sockets. Throws runtime_failure if `rows` is not an array of ledger rows. `none_chosen`: if
// there is no exporter, it is because the filter matched none.
std::string exporters_table(const nlohmann::ordered_json& rows, TableStyle style, bool none_chosen = false);
// One sentence for each thing that needs attention, with its remedy.
std::vector<std::string> exporters_hints(const nlohmann::ordered_json& rows);

// The key of the column with that heading (without its spaces), or ""; and all such names, "exporter,proto,..".
std::string sort_key(const std::string& name);
std::string sort_names();

}  // namespace weir
