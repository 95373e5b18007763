// SPDX-License-Identifier: Apache-2.0
// Renders the figures of `weir store stats` as text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace weir {

// `human`: numbers with separators and sizes with units; else plain.
std::string store_table(const nlohmann::ordered_json& stats, bool human);

}  // namespace weir
