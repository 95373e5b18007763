// SPDX-License-Identifier: Apache-2.0
// What the columns tell about a result, for the formats that people read.
#pragma once

#include <string>
#include <vector>

#include "sql/column.h"

namespace weir {

inline constexpr const char* kNull = "-";  // how people see it

// The answer to EXPLAIN. Its second column is text that is already laid out in lines.
bool is_plan(const std::vector<SqlColumn>& columns);

// Whether the result has all columns of these names, and maybe more. False if there are no names.
bool has_all(const std::vector<SqlColumn>& columns, const std::vector<std::string>& names);

// "1 row", "2 rows".
std::string row_count(size_t rows);

}  // namespace weir
