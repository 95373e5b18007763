// SPDX-License-Identifier: Apache-2.0
// Rows that DuckDB's threads turn into text: the same text, in the same order, as rows that one thread reads.
#include <gtest/gtest.h>

#include "sql/engine.h"

namespace weir {
namespace {

void append_row(const std::vector<SqlColumn>& columns, size_t row, std::string& out) {
  for (const SqlColumn& column : columns) {
    column.append(out, row, SqlStyle::json);
    out += '|';
  }
}

void write_rows(const std::vector<SqlColumn>& columns, size_t rows, std::string& out, std::vector<size_t>& ends) {
  for (size_t row = 0; row < rows; ++row) {
    append_row(columns, row, out);
    ends.push_back(out.size());
  }
}

std::vector<std::string> read_rows(SqlResult result) {
  std::vector<std::string> lines;
  while (result.next())
    for (size_t row = 0; row < result.rows(); ++row) append_row(result.columns(), row, lines.emplace_back());
  return lines;
}

std::vector<std::string> read_texts(SqlResult result) {
  std::vector<std::string> lines;
  while (result.next())
    for (size_t row = 0; row < result.rows(); ++row)
      result.columns().front().append(lines.emplace_back(), row, SqlStyle::csv);
  return lines;
}

class RowText : public testing::TestWithParam<const char*> {};

TEST_P(RowText, IsThatOfEachRowInOrder) {
  SqlEngine engine({.threads = 4});
  SqlStatement statement = engine.prepare(GetParam());
  const std::vector<SqlColumn> columns = statement.columns();
  const std::vector<std::string> rows = read_rows(statement.run());
  ASSERT_FALSE(rows.empty());
  for (int again = 0; again < 2; ++again)
    EXPECT_EQ(read_texts(engine.prepare_row_text(GetParam(), columns, write_rows).run()), rows);
}

INSTANTIATE_TEST_SUITE_P(Statements, RowText,
                         testing::Values("SELECT 1 AS a, NULL AS b",                         // folded into a constant
                                         "SELECT 1 AS a, NULL AS b, 'x' FROM range(5000)",   // constants in each chunk
                                         "SELECT range AS a, NULL AS b FROM range(300000)",  // many chunks
                                         "FROM range(200000) t(x) ORDER BY hash(x)",         // an order of its own
                                         "SELECT x % 3 AS a, x % 3 AS a FROM range(10) t(x)",  // a name twice
                                         "WITH t AS (FROM range(5000) r(x)) SELECT x, [x, NULL], x::VARCHAR, "
                                         "make_timestamp(x), x / 4, nullif(x % 2, 0) FROM t -- a comment",
                                         "(SELECT 5 AS a);", "VALUES (1, 'ü'), (2, NULL)"));

// Columns that may be null in every row, some of which are.
TEST(RowTextOfNulls, IsNullWhetherDuckDbKnowsThatOrNot) {
  SqlEngine engine({});
  for (const char* sql : {"SELECT range AS a, NULL::VARCHAR AS b, NULL::INTEGER[] AS c FROM range(3000)",
                          "SELECT range AS a, nullif(range, 5) AS b, NULL AS c FROM range(3000)",
                          "SELECT a, b, c FROM (SELECT 1 AS a, NULL AS b, 7 AS c UNION ALL SELECT 2, 3, NULL)"}) {
    SqlStatement statement = engine.prepare(sql);
    const std::vector<SqlColumn> columns = statement.columns();
    const std::vector<std::string> rows = read_rows(statement.run());
    EXPECT_EQ(read_texts(engine.prepare_row_text(sql, columns, write_rows, {1, 2}).run()), rows) << sql;
  }
}

}  // namespace
}  // namespace weir
