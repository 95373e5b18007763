// SPDX-License-Identifier: Apache-2.0
// What can be known of SQL before DuckDB sees it. Of some statements (EXPORT, IMPORT, PRAGMA) DuckDB does a part
// while it parses and binds them, so whether one only reads is decided on its words first.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

// Whether it begins as a statement that only reads: SELECT, FROM, WITH, VALUES, TABLE, DESCRIBE, SHOW, SUMMARIZE,
// PIVOT, UNPIVOT, EXPLAIN of such a one, and the PRAGMAs that read. Comments, blanks and brackets may stand before.
// What begins so may still change something (WITH ... INSERT): its type tells, which DuckDB knows.
bool begins_as_reading(std::string_view sql);
// Whether it begins with the word of another statement. What begins with neither (SELEC) is a mistake that DuckDB's
// parser explains best.
bool begins_as_changing(std::string_view sql);
// The name of a function in it that does more than read (enable_logging() writes files); "": none. Names are found
// in quoted text too, since query('...') runs that.
std::string_view changing_function(std::string_view sql);
// What stands behind EXPLAIN and its options; "": it is no EXPLAIN.
std::string_view explained_statement(std::string_view sql);
size_t count_statements(std::string_view sql);

// The statement without what may stand after it (semicolons, blanks, comments), so that it can be put in brackets.
std::string sql_body(std::string_view sql);
// 'it''s' and "a ""name""": text as a literal and as a name within SQL.
std::string sql_literal(std::string_view text);
std::string sql_name(std::string_view name);

}  // namespace weir
