// SPDX-License-Identifier: Apache-2.0
// Rules for exporters, written in flags, variables and weir.toml as NETWORK=KEY:VALUE, several separated by commas.
#pragma once

#include <string>
#include <vector>

#include "config/repeated.h"
#include "decode/exporter_rules.h"

namespace weir {

// Each of these throws usage_error: what is wrong and what to write instead; the caller prepends the place.

// An address, or ADDRESS/LENGTH.
void set_network(ExporterRule& rule, const std::string& text);
void set_post_counters(ExporterRule& rule, const std::string& text);
// Checks `added` against the earlier ones: no network twice.
void check_exporter_rule(const std::vector<ExporterRule>& before, const ExporterRule& added);

inline constexpr std::string_view kExporterTable = "exporter";
std::span<const Option<ExporterRule>> exporter_options();
const RepeatedTable& exporter_table_type();

}  // namespace weir
