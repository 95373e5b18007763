// SPDX-License-Identifier: Apache-2.0
// Outputs beside the store, as flags, variables and weir.toml have them: NAME=FORMAT:PATH[:FIELD+FIELD..], several
// separated by commas; a comma, a colon or a percent sign of the path as %2C, %3A, %25.
#pragma once

#include <string>
#include <vector>

#include "config/collect_config.h"
#include "config/repeated.h"

namespace weir {

// Each of them throws usage_error: what is wrong and what to write instead; the caller puts the place before it.

void set_output_name(OutputConfig& output, const std::string& text);
void set_output_type(OutputConfig& output, const std::string& text);
void set_output_format(OutputConfig& output, const std::string& text);
void set_output_path(OutputConfig& output, const std::string& text);
// `added` beside those before: no name or path twice, not too many.
void check_output_config(const std::vector<OutputConfig>& before, const OutputConfig& added);

inline constexpr std::string_view kOutputTable = "output";
std::span<const Option<OutputConfig>> output_options();
const RepeatedTable& output_table_type();

// All outputs beside the store: that of --format, if any, then those of [[output]]. Throws usage_error where the two
// cannot go together.
std::vector<OutputConfig> outputs_of(const CollectConfig& config);

// Throws usage_error where one is no field of the table, or is named twice.
void check_field_names(const std::vector<std::string>& names, const FieldTable& table);

}  // namespace weir
