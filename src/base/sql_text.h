// SPDX-License-Identifier: Apache-2.0
// Text as a literal and as a name in SQL: 'it''s' and "a ""name""".
#pragma once

#include <string>
#include <string_view>

namespace weir {

std::string sql_literal(std::string_view text);
std::string sql_name(std::string_view name);

}  // namespace weir
