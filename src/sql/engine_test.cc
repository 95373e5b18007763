// SPDX-License-Identifier: Apache-2.0
#include "sql/engine.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "os/file.h"

namespace weir {
namespace {

using Kind = SqlError::Kind;

std::vector<std::string> first_row(SqlEngine& engine, const std::string& sql, SqlStyle style) {
  SqlStatement statement = engine.prepare_reading(sql);
  SqlResult result = statement.run();
  std::vector<std::string> cells;
  if (!result.next()) return cells;
  for (const SqlColumn& column : result.columns()) column.append(cells.emplace_back(), 0, style);
  return cells;
}

struct Failure {
  Kind kind = Kind::other;
  std::string text;
};
Failure failure_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const SqlError& error) {
    return {error.kind(), error.what()};
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

uint64_t count_rows(SqlResult& result) {
  uint64_t rows = 0;
  while (result.next()) rows += result.rows();
  return rows;
}

TEST(Engine, SpellsNumbersWithEveryDigit) {
  SqlEngine engine({});
  std::vector<std::string> cells = first_row(
      engine,
      "SELECT 255::UTINYINT, (-128)::TINYINT, (-32768)::SMALLINT, 65535::USMALLINT, (-2147483648)::INTEGER, "
      "4294967295::UINTEGER, (-9223372036854775808)::BIGINT, 18446744073709551615::UBIGINT, "
      "(-170141183460469231731687303715884105728)::HUGEINT, 340282366920938463463374607431768211455::UHUGEINT, "
      "(-0.05)::DECIMAL(4,2), 12345678901234567890.125::DECIMAL(38,3), 1.5::DOUBLE, 0.1::FLOAT, true, 7::DECIMAL(3,0)",
      SqlStyle::json);
  std::vector<std::string> expected = {"255",
                                       "-128",
                                       "-32768",
                                       "65535",
                                       "-2147483648",
                                       "4294967295",
                                       "-9223372036854775808",
                                       "18446744073709551615",
                                       "-170141183460469231731687303715884105728",
                                       "340282366920938463463374607431768211455",
                                       "-0.05",
                                       "12345678901234567890.125",
                                       "1.5",
                                       "0.1",
                                       "true",
                                       "7"};
  EXPECT_EQ(cells, expected);
}

TEST(Engine, SpellsTimesAsRfc3339AndForPeopleWithABlank) {
  SqlEngine engine({});
  const char* sql =
      "SELECT TIMESTAMP '2026-11-21 09:39:00.123', TIMESTAMP '1969-12-31 23:59:59.999999', "
      "TIMESTAMP_NS '2026-11-21 09:39:00.123456789', TIMESTAMP_S '2024-02-29 23:59:59', DATE '2024-02-29', "
      "TIMESTAMPTZ '2026-11-21 10:39:00+01:00', 'infinity'::TIMESTAMP";
  std::vector<std::string> csv = {"2026-11-21T09:39:00.123Z",
                                  "1969-12-31T23:59:59.999999Z",
                                  "2026-11-21T09:39:00.123456789Z",
                                  "2024-02-29T23:59:59.000Z",
                                  "2024-02-29",
                                  "2026-11-21T09:39:00.000Z",
                                  "infinity"};
  EXPECT_EQ(first_row(engine, sql, SqlStyle::csv), csv);
  EXPECT_EQ(first_row(engine, sql, SqlStyle::human)[0], "2026-11-21 09:39:00.123");
  EXPECT_EQ(first_row(engine, sql, SqlStyle::json)[0], "\"2026-11-21T09:39:00.123Z\"");
}

TEST(Engine, SpellsTextListsAndNull) {
  SqlEngine engine({});
  const char* sql = "SELECT 'a\"b\\\n' || chr(1), ['x', NULL], [[1], []], NULL::INTEGER, 'longer than twelve bytes'";
  std::vector<std::string> json = {R"("a\"b\\\n\u0001")", R"(["x",null])", "[[1],[]]", "null",
                                   R"("longer than twelve bytes")"};
  EXPECT_EQ(first_row(engine, sql, SqlStyle::json), json);
  EXPECT_EQ(first_row(engine, sql, SqlStyle::csv)[1], R"(["x",null])");
  EXPECT_EQ(first_row(engine, sql, SqlStyle::csv)[3], "");
}

TEST(Engine, SaysWhichTypesNeedACast) {
  SqlEngine engine({});
  SqlStatement statement = engine.prepare("SELECT 1 AS a, {'x': 1} AS b, [INTERVAL 1 DAY] AS c, [now()] AS d");
  std::vector<bool> spelled;
  for (const SqlColumn& column : statement.columns()) spelled.push_back(column.is_spelled());
  EXPECT_EQ(spelled, (std::vector<bool>{true, false, false, true}));
}

TEST(Engine, KeepsTheCaret) {
  SqlEngine engine({});
  Failure syntax = failure_of([&] { engine.prepare_reading("SELECT 1 +* 2"); });
  EXPECT_EQ(syntax.kind, Kind::statement);
  EXPECT_NE(syntax.text.find("LINE 1: SELECT 1 +* 2\n"), std::string::npos) << syntax.text;
  EXPECT_NE(syntax.text.find('^'), std::string::npos);
  Failure column = failure_of([&] { engine.prepare_reading("SELECT byts FROM (SELECT 1 AS bytes)"); });
  EXPECT_EQ(column.kind, Kind::statement);
  EXPECT_NE(column.text.find("\"bytes\""), std::string::npos) << column.text;
  Failure value = failure_of([&] { engine.prepare_reading("SELECT CAST(a AS INT) FROM (VALUES ('x')) t(a)").run(); });
  EXPECT_EQ(value.kind, Kind::statement) << value.text;
}

TEST(Engine, RunsOneStatementThatReads) {
  SqlEngine engine({});
  std::string file = os::temporary_path("engine_test");
  for (const std::string& sql : std::vector<std::string>{
           "", " ; -- nothing", "SELECT 1; SELECT 2", "CREATE TABLE t AS SELECT 1", "SET threads = 1", "INSTALL httpfs",
           "ATTACH '" + file + "'", "COPY (SELECT 1) TO '" + file + "'",
           "EXPLAIN ANALYZE COPY (SELECT 1) TO '" + file + "'",
           "/* */ EXPLAIN ANALYZE COPY (SELECT 1) TO '" + file + "'", "CALL pragma_version()"}) {
    Failure refused = failure_of([&] { engine.prepare_reading(sql).run(); });
    EXPECT_EQ(refused.kind, Kind::statement) << sql << "\n" << refused.text;
  }
  EXPECT_FALSE(os::exists(file));
  for (const char* sql :
       {"SELECT 1;", "FROM (VALUES (1))", "WITH a AS (SELECT 1) FROM a", "DESCRIBE SELECT 1", "SHOW TABLES",
        "SUMMARIZE SELECT 1 AS a", "EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT 1", "VALUES (1)", "  select 1 -- done"})
    EXPECT_NO_THROW(engine.prepare_reading(sql).run()) << sql;
}

TEST(Engine, SettingsCanBeLocked) {
  SqlEngine engine({});
  engine.execute("SET threads = 2");
  engine.lock_settings();
  EXPECT_THROW(engine.execute("SET threads = 3"), SqlError);
}

TEST(Engine, StreamsMoreThanItsMemoryHolds) {
  SqlEngine engine({.memory_bytes = 64 << 20, .threads = 2});
  // Over 300 MB of numbers.
  SqlResult result = engine.prepare_reading("SELECT range, range * 2, range * 3, range * 4 FROM range(10000000)").run();
  EXPECT_EQ(count_rows(result), 10'000'000u);
}

TEST(Engine, SpillsAndCleansUp) {
  std::string folder = os::temporary_path("engine_test_spill");
  bool spilled = false;
  {
    SqlEngine engine({.memory_bytes = 100 << 20, .threads = 2, .spill_folder = folder});
    SqlResult result =
        engine.prepare_reading("SELECT hash(range) AS h, range FROM range(12000000) ORDER BY h").run([&] {
          spilled = spilled || os::exists(folder);
        });
    spilled = spilled || os::exists(folder);
    EXPECT_EQ(count_rows(result), 12'000'000u);
  }
  EXPECT_TRUE(spilled);
  EXPECT_FALSE(os::exists(folder));
}

TEST(Engine, WithoutRoomItSaysSo) {
  SqlEngine engine({.memory_bytes = 64 << 20, .threads = 2});
  Failure full = failure_of([&] {
    SqlResult result = engine.prepare_reading("SELECT hash(range) AS h, range FROM range(20000000) ORDER BY h").run();
    count_rows(result);
  });
  EXPECT_EQ(full.kind, Kind::out_of_memory) << full.text;
}

TEST(Engine, CanBeInterrupted) {
  SqlEngine engine({.track_progress = true});
  int ticks = 0;
  double progress = -1;
  Failure interrupted = failure_of([&] {
    engine.prepare_reading("SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range * b.range % 7 = 3")
        .run([&] {
          progress = engine.progress();
          if (++ticks == 3) engine.interrupt();
        });
  });
  EXPECT_EQ(interrupted.kind, Kind::interrupted) << interrupted.text;
  EXPECT_LE(progress, 1);
  EXPECT_EQ(first_row(engine, "SELECT 1", SqlStyle::csv)[0], "1");  // and goes on
}

TEST(Engine, AnExceptionEndsWhatItsThreadsWorkOn) {
  struct GivenUp {};
  auto give_up = [] { throw GivenUp(); };
  auto ask = [&](const SqlTick& tick) {
    SqlEngine engine({.threads = 4});
    const char* endless = "SELECT range FROM range(1000000000000) WHERE hash(range) % 7 = 3";
    SqlResult result = engine.prepare_reading(endless + std::string(tick ? " ORDER BY range" : "")).run(tick);
    give_up();
  };
  for (int i = 0; i < 12; ++i) {
    EXPECT_THROW(ask(give_up), GivenUp);  // before the first row
    EXPECT_THROW(ask({}), GivenUp);       // after it
  }
}

TEST(Engine, ParametersHaveNoValues) {
  SqlEngine engine({});
  Failure unknown = failure_of([&] { engine.prepare_reading("SELECT 1 + $1::INTEGER"); });
  EXPECT_EQ(unknown.kind, Kind::statement) << unknown.text;
  EXPECT_TRUE(unknown.text.contains("parameters")) << unknown.text;
}

TEST(Engine, ADamagedFileIsAnErrorOfReading) {
  SqlEngine engine({});
  Failure missing = failure_of([&] { engine.prepare_reading("FROM read_parquet('/nowhere/x.parquet')").run(); });
  EXPECT_EQ(missing.kind, Kind::reading) << missing.text;
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

}  // namespace
}  // namespace weir
