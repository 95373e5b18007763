// SPDX-License-Identifier: Apache-2.0
// What can be learned from SQL text before DuckDB sees it. DuckDB already executes parts of some statements (EXPORT,
// IMPORT, PRAGMA) while it parses and binds them, so the words of a statement decide first whether it only reads.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/sql_text.h"

namespace weir {

// Whether it begins like a statement that only reads: SELECT, FROM, WITH, VALUES, TABLE, DESCRIBE, SHOW, SUMMARIZE,
// PIVOT, UNPIVOT, EXPLAIN of one of these, and the PRAGMAs that read. Comments, blanks and brackets may precede it.
// Such a statement may still change something (WITH ... INSERT): its type, which DuckDB determines, shows that.
bool begins_as_reading(std::string_view sql);
// Whether it begins with the word of another kind of statement. A text that begins with neither (SELEC) is a mistake
// that DuckDB's parser explains best.
bool begins_as_changing(std::string_view sql);
// The name of a function in it that does more than read (enable_logging() writes files); "": none. Names are found in
// quoted text too, because query('...') runs such text.
std::string_view changing_function(std::string_view sql);
// Whether it can be put in brackets and selected from: SELECT, FROM, WITH, VALUES, TABLE, PIVOT, UNPIVOT.
bool is_query(std::string_view sql);
// What follows EXPLAIN and its options; "" if it is not an EXPLAIN.
std::string_view explained_statement(std::string_view sql);
size_t count_statements(std::string_view sql);

// The statement without any semicolons, blanks and comments before and after it, so that it can be put in brackets.
std::string sql_body(std::string_view sql);

// Replaces the texts that a column of this name is compared with, as in name = 'a', name <> 'a' and name IN ('a', 'b'),
// by what `spelled` returns for them; a text of another length is not used, so that places in messages stay right.
std::string with_texts_spelled(std::string sql, std::string_view column,
                               const std::function<std::string(const std::string&)>& spelled);

// DuckDB's message about a statement that follows `lines` lines of ours, as if it were alone: "LINE 2: " becomes
// "LINE 1: ".
std::string without_lines_before(std::string message, int lines);

}  // namespace weir
