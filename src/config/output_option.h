// SPDX-License-Identifier: Apache-2.0
// Outputs in addition to the store, written in flags, variables and weir.toml as NAME=FORMAT:PATH[:FIELD+FIELD..],
// several separated by commas; a comma, a colon or a percent sign in the path is written as %2C, %3A, %25.
#pragma once

#include <string>
#include <vector>

#include "config/collect_config.h"
#include "config/repeated.h"

namespace weir {

// Each of these throws usage_error: what is wrong and what to write instead; the caller prepends the place.

void set_output_name(OutputConfig& output, const std::string& text);
void set_output_type(OutputConfig& output, const std::string& text);
void set_output_format(OutputConfig& output, const std::string& text);
void set_output_path(OutputConfig& output, const std::string& text);
// Checks `added` against the earlier ones: no name or path twice, not too many.
void check_output_config(const std::vector<OutputConfig>& before, const OutputConfig& added);

inline constexpr std::string_view kOutputTable = "output";
std::span<const Option<OutputConfig>> output_options();
const RepeatedTable& output_table_type();

// All outputs in addition to the store: that of --format, if any, then those of [[output]]. Throws usage_error if the
// two conflict.
std::vector<OutputConfig> outputs_of(const CollectConfig& config);

// Throws usage_error if a name is not a field of the table, or appears twice.
void check_field_names(const std::vector<std::string>& names, const FieldTable& table);

}  // namespace weir
