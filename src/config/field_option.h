// SPDX-License-Identifier: Apache-2.0
// User-defined fields, written in flags, variables and weir.toml as NAME=ELEMENT:TYPE[:NUMBER], several separated by
// commas. ELEMENT is PEN/ID, or ID alone for IANA's elements and NetFlow v9's field types.
#pragma once

#include <string>
#include <vector>

#include "config/repeated.h"
#include "flow/field_table.h"

namespace weir {

// Each of these throws usage_error: what is wrong and what to write instead; the caller prepends the place.

void set_name(ExtraField& field, const std::string& text);
void set_element(ExtraField& field, const std::string& text);
void set_type(ExtraField& field, const std::string& text);
void set_number(ExtraField& field, const std::string& text);
// Checks `added` against the earlier ones: no name, element or number twice, not too many.
void check_extra_field(const std::vector<ExtraField>& before, const ExtraField& added);

inline constexpr std::string_view kFieldTable = "field";
std::span<const Option<ExtraField>> field_options();
const RepeatedTable& field_table_type();

}  // namespace weir
