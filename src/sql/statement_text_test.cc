// SPDX-License-Identifier: Apache-2.0
#include "sql/statement_text.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(SqlText, CountsStatements) {
  EXPECT_EQ(count_statements(""), 0u);
  EXPECT_EQ(count_statements(" ; -- SELECT 1\n;"), 0u);
  EXPECT_EQ(count_statements("SELECT 1; -- one\n;;"), 1u);
  EXPECT_EQ(count_statements("SELECT ';' /* ; */, \"a;b\", $$;$$, E'\\';'"), 1u);
  EXPECT_EQ(count_statements("SELECT 1;SELECT 2 ; SELECT 3"), 3u);
}

TEST(SqlText, FindsTheExplainedStatement) {
  EXPECT_EQ(explained_statement("SELECT 1"), "");
  EXPECT_EQ(explained_statement("EXPLAIN SELECT 1"), "SELECT 1");
  EXPECT_EQ(explained_statement(" -- x\nexplain /* */ Analyze\tFROM t"), "FROM t");
  EXPECT_EQ(explained_statement("EXPLAIN (FORMAT json) (SELECT 1)"), "(SELECT 1)");
  EXPECT_EQ(explained_statement("EXPLAIN (ANALYZE, FORMAT 'a)') COPY t TO 'x'"), "COPY t TO 'x'");
}

TEST(SqlText, RecognizesTheFirstWord) {
  for (const char* sql : {"SELECT 1", "/* EXPORT */ from t", "((WITH a AS (SELECT 1) FROM a))",
                          "explain analyze table t", "PRAGMA table_info('t')", "--\n;show tables"})
    EXPECT_TRUE(begins_as_reading(sql)) << sql;
  for (const char* sql : {"", "EXPORT DATABASE 'x'", "/* SELECT */ IMPORT DATABASE 'x'", "explain copy t TO 'x'",
                          "PRAGMA import_database('x')", "'SELECT'", "SELECTED", "explain pragma version"})
    EXPECT_FALSE(begins_as_reading(sql)) << sql;
}

TEST(SqlText, FindsFunctionsThatChange) {
  EXPECT_EQ(changing_function("SELECT count(*) FROM flows"), "");
  EXPECT_EQ(changing_function("FROM query('FROM Enable_Logging()')"), "enable_logging");
}

TEST(SqlText, BodyHasNothingAfterTheStatement) {
  EXPECT_EQ(sql_body("SELECT 1"), "SELECT 1");
  EXPECT_EQ(sql_body("SELECT 1 ; -- it's over\n;"), "SELECT 1");
  EXPECT_EQ(sql_body("SELECT ';' /* ; */ ;"), "SELECT ';'");
  EXPECT_EQ(sql_body("SELECT 1 -- one\n + 2;\n/* end"), "SELECT 1 -- one\n + 2");
  EXPECT_EQ(sql_body("SELECT '--' AS \"a;\""), "SELECT '--' AS \"a;\"");
  EXPECT_EQ(sql_body(" ;; "), "");
  EXPECT_EQ(sql_body(R"(SELECT E'it\'s -- one', 2 ; )"), R"(SELECT E'it\'s -- one', 2)");
  EXPECT_EQ(sql_body(R"(SELECT E'it''s \' -- one' -- two)"), R"(SELECT E'it''s \' -- one')");
  EXPECT_EQ(sql_body(R"(SELECT name'\' -- two)"), R"(SELECT name'\')");
  EXPECT_EQ(sql_body("SELECT $$a -- ' b$$, $x$ /* $$ $x$ ; -- c"), "SELECT $$a -- ' b$$, $x$ /* $$ $x$");
  EXPECT_EQ(sql_body("SELECT $1, a$b$c -- $b$"), "SELECT $1, a$b$c");
  EXPECT_EQ(sql_body("SELECT 1 /* a /* b */ c */"), "SELECT 1");
}

TEST(SqlText, QuotesAreDoubled) {
  EXPECT_EQ(sql_literal("it's"), "'it''s'");
  EXPECT_EQ(sql_name("a\"b"), "\"a\"\"b\"");
}

TEST(SqlText, BodyHasNothingBeforeTheStatement) {
  EXPECT_EQ(sql_body(" ;; -- first\n SELECT 1 ;"), "SELECT 1");
  EXPECT_EQ(sql_body("/* a */ (SELECT ';')"), "(SELECT ';')");
}

TEST(SqlText, LinesOfMessagesAreCountedFromTheUsersText) {
  EXPECT_EQ(without_lines_before("Error\n\nLINE 2: SELECT x\n               ^", 1),
            "Error\n\nLINE 1: SELECT x\n               ^");
  EXPECT_EQ(without_lines_before("Error\n\nLINE 11: SELECT x\n                ^", 2),
            "Error\n\nLINE 9: SELECT x\n               ^");
  for (const char* same : {"Error\n\nLINE 1: of ours\n        ^", "no line", "Error\nLINE x: y", "\nLINE ", "\nLINE 3"})
    EXPECT_EQ(without_lines_before(same, 1), same);
  EXPECT_EQ(without_lines_before("Error\n\nLINE 2: x", 0), "Error\n\nLINE 2: x");
}

TEST(SqlText, TextsThatAColumnIsComparedWithAreSpelled) {
  auto spelled = [](const std::string& sql) {
    return with_texts_spelled(sql, "name", [](const std::string& text) { return text == "tcp" ? "TCP" : "longer"; });
  };
  EXPECT_EQ(spelled("name = 'tcp' AND NAME<>'tcp' OR t.name==/* as */'tcp'"),
            "name = 'TCP' AND NAME<>'TCP' OR t.name==/* as */'TCP'");
  EXPECT_EQ(spelled("name IN ('tcp','udp', 'tcp') AND name not  in('tcp')"),
            "name IN ('TCP','udp', 'TCP') AND name not  in('TCP')");
  for (const char* same : {"'tcp' = name", "names = 'tcp'", "name LIKE 'tcp'", "'name = ''tcp'' '", "-- name = 'tcp'",
                           "name = ", "name = 'tcp", "name = '", "name in (", "name in ('tcp", "name",
                           "name = 'tcp''s'", "name = (SELECT 'tcp')", "name in (SELECT 'tcp')", "name not 'tcp'"})
    EXPECT_EQ(spelled(same), same);
}

}  // namespace
}  // namespace weir
