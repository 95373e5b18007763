// SPDX-License-Identifier: Apache-2.0
#include "query/result_columns.h"

#include <algorithm>

namespace weir {

bool is_plan(const std::vector<SqlColumn>& columns) {
  return columns.size() == 2 && columns[0].name() == "explain_key" && columns[1].name() == "explain_value";
}

bool has_all(const std::vector<SqlColumn>& columns, const std::vector<std::string>& names) {
  auto has = [&](const std::string& name) {
    return std::ranges::find(columns, name, &SqlColumn::name) != columns.end();
  };
  return !names.empty() && std::ranges::all_of(names, has);
}

std::string row_count(size_t rows) { return std::to_string(rows) + (rows == 1 ? " row" : " rows"); }

}  // namespace weir
