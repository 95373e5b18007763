// SPDX-License-Identifier: Apache-2.0
// The ledger as text: aligned tables for people, and what in it needs attention. Made from its JSON, so that a
// running collector's answer and a catalog on disk look alike.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace weir {

enum class TableStyle { terminal, plain };  // plain: numbers without separators, times in full

// The exporters, then the sockets. Throws runtime_failure where `rows` is not an array of ledger rows.
std::string exporters_table(const nlohmann::ordered_json& rows, TableStyle style);
// One sentence for each thing that needs attention, with its remedy.
std::vector<std::string> exporters_hints(const nlohmann::ordered_json& rows);

}  // namespace weir
