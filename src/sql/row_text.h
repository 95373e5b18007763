// SPDX-License-Identifier: Apache-2.0
// Rows as text, made by all of DuckDB's threads: writing a hundred columns of a row costs more than reading them.
#pragma once

#include <duckdb.h>

#include <string>
#include <vector>

#include "sql/engine.h"

namespace weir {

// Registers a function that takes those of the columns whose numbers are in `passed`, and returns the text of the row;
// the others are null. Throws SqlError if DuckDB refuses.
void register_row_text(duckdb_connection connection, const std::string& name, const std::vector<SqlColumn>& columns,
                       const std::vector<size_t>& passed, SqlRowText text);

}  // namespace weir
