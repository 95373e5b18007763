// SPDX-License-Identifier: Apache-2.0
// What is said of exporters, as flags, variables and weir.toml have it: NETWORK=KEY:VALUE, several separated by commas.
#pragma once

#include <string>
#include <vector>

#include "config/repeated.h"
#include "decode/exporter_rules.h"

namespace weir {

// Each of them throws usage_error: what is wrong and what to write instead; the caller puts the place before it.

// An address, or ADDRESS/LENGTH.
void set_network(ExporterRule& rule, const std::string& text);
void set_post_counters(ExporterRule& rule, const std::string& text);
// `added` beside those before: no network twice.
void check_exporter_rule(const std::vector<ExporterRule>& before, const ExporterRule& added);

inline constexpr std::string_view kExporterTable = "exporter";
std::span<const Option<ExporterRule>> exporter_options();
const RepeatedTable& exporter_table_type();

}  // namespace weir
