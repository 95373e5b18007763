// SPDX-License-Identifier: Apache-2.0
#include "sql/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>

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

TEST(Engine, SpellsTimesAsRfc3339AndForPeopleWithASpace) {
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

TEST(Engine, ReportsWhichTypesNeedACast) {
  SqlEngine engine({});
  SqlStatement statement = engine.prepare("SELECT 1 AS a, {'x': 1} AS b, [INTERVAL 1 DAY] AS c, [now()] AS d");
  std::vector<bool> spelled;
  for (const SqlColumn& column : statement.columns()) spelled.push_back(column.is_spelled());
  EXPECT_EQ(spelled, (std::vector<bool>{true, false, false, true}));
}

TEST(Engine, KeepsTheCaretInErrors) {
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

class Folder {
 public:
  Folder() { std::filesystem::create_directories(path()); }
  ~Folder() { std::filesystem::remove_all(path()); }
  const std::string& path() const { return path_; }
  std::string file(const std::string& name, const std::string& content = {}) const {
    if (!content.empty()) std::ofstream(path_ + "/" + name) << content;
    return sql_literal(path_ + "/" + name);
  }
  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) names.insert(entry.path().filename());
    return names;
  }

 private:
  std::string path_ = os::temporary_path("engine_test_files");
};

// One of each type that DuckDB has, except those that no SQL text produces.
std::vector<std::string> changing_statements(const Folder& folder) {
  std::string made = folder.file("made");
  return {"INSERT INTO t VALUES (2)",
          "WITH a AS (SELECT 2) INSERT INTO t FROM a",
          "UPDATE t SET i = 2",
          "DELETE FROM t",
          "TRUNCATE t",
          "MERGE INTO t USING (SELECT 1 AS i) s ON t.i = s.i WHEN MATCHED THEN DELETE",
          "PREPARE p AS SELECT 1",
          "PREPARE p AS COPY (SELECT 1) TO " + made,
          "EXECUTE p",
          "DEALLOCATE p",
          "CREATE TABLE u AS SELECT 1",
          "CREATE MACRO m() AS 1",
          "CREATE SECRET (TYPE http)",
          "ALTER TABLE t RENAME TO u",
          "BEGIN",
          "COMMIT",
          "ROLLBACK",
          "COPY (SELECT 1) TO " + made,
          "COPY t TO " + made,
          "COPY t FROM " + folder.file("t.csv", "1\n"),
          "COPY FROM DATABASE memory TO other",
          "ANALYZE",
          "VACUUM",
          "CHECKPOINT",
          "SET threads = 1",
          "SET VARIABLE v = 1",
          "RESET threads",
          "USE memory",
          "DROP TABLE t",
          "COMMENT ON TABLE t IS 'x'",
          "EXPORT DATABASE " + made,
          "PRAGMA threads = 1",
          "PRAGMA enable_profiling",
          "PRAGMA import_database(" + sql_literal(folder.path()) + ")",
          "CALL pragma_version()",
          "LOAD httpfs",
          "INSTALL httpfs",
          "UPDATE EXTENSIONS",
          "ATTACH " + made,
          "DETACH memory",
          "IMPORT DATABASE " + sql_literal(folder.path()),
          "FROM enable_logging(level = 'trace', storage = 'file', storage_path = " + made + ")",
          "FROM query('FROM \"ENABLE_logging\"(storage = ''file'', storage_path = ''/nowhere'')')",
          "FROM enable_profiling(format = 'json', save_location = " + made + ")",
          "SELECT write_log('x')",
          "FROM json_execute_serialized_sql('{}')"};
}

TEST(Engine, ChangingStatementsAreRefusedBeforeAnythingHappens) {
  Folder folder;
  folder.file("schema.sql", "SELECT 'run from a file';");
  folder.file("load.sql", " ");
  SqlEngine engine({.external_access = true});
  engine.execute("CREATE TABLE t (i INTEGER)");
  engine.execute("INSERT INTO t VALUES (1)");
  std::vector<std::string> statements = changing_statements(folder);
  std::set<std::string> before = folder.names();
  for (const std::string& statement : statements) {
    for (const char* prefix : {"", " \t\r\n", "-- SELECT\n", "/* SELECT /* ' */ */ ", ";", "(", "explain ",
                               "EXPLAIN ANALYZE ", "ExPlAiN /**/ (ANALYZE, FORMAT json)\n", "SELECT 1; "}) {
      std::string sql = prefix;
      sql += statement;
      Failure refused = failure_of([&] { engine.prepare_reading(sql).run(); });
      EXPECT_EQ(refused.kind, Kind::statement) << sql << "\n" << refused.text;
      EXPECT_TRUE(refused.text.contains("only statements that read") || refused.text.contains("these are ") ||
                  refused.text.contains("syntax error"))
          << sql << "\n"
          << refused.text;
      ASSERT_EQ(folder.names(), before) << sql;
    }
    std::string lower = statement;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    EXPECT_EQ(failure_of([&] { engine.prepare_reading(lower).run(); }).kind, Kind::statement) << lower;
  }
  EXPECT_EQ(folder.names(), before);
  EXPECT_EQ(first_row(engine, "SELECT count(*), sum(i) FROM t", SqlStyle::csv), (std::vector<std::string>{"1", "1"}));
}

TEST(Engine, RunsOneStatementThatReads) {
  SqlEngine engine({});
  for (const std::string& sql :
       std::vector<std::string>{"", " ; -- nothing", "SELECT 1; SELECT 2", "SELECT 1;; SELECT 2", "EXPLAIN",
                                "EXPLAIN EXPLAIN SELECT 1", "SELEC 1"})
    EXPECT_EQ(failure_of([&] { engine.prepare_reading(sql).run(); }).kind, Kind::statement) << sql;
  for (const char* sql : {"SELECT 1;",
                          ";SELECT 1;;",
                          "FROM (VALUES (1))",
                          "WITH a AS (SELECT 1) FROM a",
                          "DESCRIBE SELECT 1",
                          "DESC SELECT 1",
                          "SHOW TABLES",
                          "SHOW ALL TABLES",
                          "SUMMARIZE SELECT 1 AS a",
                          "EXPLAIN SELECT 1",
                          "EXPLAIN ANALYZE SELECT 1",
                          "EXPLAIN (ANALYZE, FORMAT json) SELECT 1",
                          "EXPLAIN (SELECT 1)",
                          "VALUES (1)",
                          "  select 1 -- done; ",
                          "(SELECT 1)",
                          "/* a; */ SELECT ';' AS \"b;\"",
                          "PRAGMA version",
                          "PRAGMA show_tables",
                          "PRAGMA database_size",
                          "PIVOT (SELECT 1 AS a, 2 AS b) ON a IN (1) USING sum(b)",
                          "UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b",
                          "TABLE information_schema.tables"})
    EXPECT_NO_THROW(engine.prepare_reading(sql).run()) << sql;
}

TEST(Engine, SettingsCanBeLocked) {
  SqlEngine engine({.external_access = true});
  engine.execute("SET threads = 2");
  engine.lock_settings();
  EXPECT_THROW(engine.execute("SET threads = 3"), SqlError);
}

TEST(Engine, WithoutExternalAccessOnlyTheGivenFilesAreAccessible) {
  Folder folder;
  std::string csv = folder.file("a.csv", "a,b\n1,2\n"), made = folder.file("made");
  {
    SqlEngine open({.external_access = true});
    EXPECT_EQ(first_row(open, "SELECT a + b FROM " + csv, SqlStyle::csv)[0], "3");
    open.execute("COPY (SELECT 7 AS x) TO " + folder.file("given.parquet"));
    open.execute("COPY (SELECT 8 AS x) TO " + folder.file("other.parquet"));
  }
  std::set<std::string> before = folder.names();
  SqlEngine engine({.files = {folder.path() + "/given.parquet"}});
  for (const std::string& sql : std::vector<std::string>{
           "FROM " + csv, "FROM read_csv(" + csv + ")", "SELECT content FROM read_text(" + csv + ")",
           "SELECT content FROM read_blob(" + csv + ")", "FROM glob('/*')", "FROM read_json(" + csv + ")",
           "FROM sniff_csv(" + csv + ")", "FROM read_parquet(" + folder.file("other.parquet") + ")",
           "FROM parquet_metadata(" + folder.file("other.parquet") + ")", "FROM " + folder.file("*.parquet"),
           "FROM read_duckdb(" + made + ")", "FROM read_text('/proc/self/environ')",
           "FROM read_text(" + folder.file("given.parquet/../a.csv") + ")"}) {
    EXPECT_THROW(
        {
          SqlResult result = engine.prepare_reading(sql).run();
          count_rows(result);
        },
        SqlError)
        << sql;
  }
  for (const std::string& sql : std::vector<std::string>{
           "COPY (SELECT 1) TO " + made, "ATTACH " + made, "EXPORT DATABASE " + made, "LOAD " + made,
           "SET enable_external_access = true", "RESET enable_external_access", "SET allowed_paths = [" + csv + "]",
           "SET lock_configuration = false", "SET temp_directory = " + made, "PRAGMA threads = 1"})
    EXPECT_THROW(engine.execute(sql), SqlError) << sql;
  EXPECT_EQ(folder.names(), before);
  EXPECT_EQ(first_row(engine, "SELECT x FROM " + folder.file("given.parquet"), SqlStyle::csv)[0], "7");
}

// As with segments, which stay open while their owner renames or removes them.
TEST(Engine, AGivenFileMayBeRenamedAndRemoved) {
  Folder folder;
  SqlEngine({.external_access = true}).execute("COPY (SELECT 7 AS x) TO " + folder.file("a.tmp") + " (FORMAT parquet)");
  int error = 0;
  os::File file = os::open_read(folder.path() + "/a.tmp", error);
  std::string path = "/proc/self/fd/" + std::to_string(file.fd());
  std::string sql = "SELECT x FROM read_parquet(" + sql_literal(path) + ")";
  SqlEngine engine({.files = {path}, .folders = {folder.path()}});
  EXPECT_EQ(first_row(engine, sql, SqlStyle::csv)[0], "7");
  std::filesystem::rename(folder.path() + "/a.tmp", folder.path() + "/a");
  EXPECT_EQ(first_row(engine, sql, SqlStyle::csv)[0], "7");
  std::filesystem::remove(folder.path() + "/a");
  SqlEngine later({.files = {path}, .folders = {folder.path()}});
  EXPECT_EQ(first_row(later, sql, SqlStyle::csv)[0], "7");
  // A file that was removed in between has no name that the first engine knows.
  Failure refused = failure_of([&] { first_row(engine, sql, SqlStyle::csv); });
  EXPECT_EQ(refused.kind, Kind::not_allowed) << refused.text;
}

TEST(Engine, StreamsMoreThanFitsIntoItsMemory) {
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

TEST(Engine, WithoutMemoryItReportsSo) {
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
  EXPECT_EQ(first_row(engine, "SELECT 1", SqlStyle::csv)[0], "1");  // and keeps working
}

TEST(Engine, AnExceptionEndsTheWorkOfTheEnginesThreads) {
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

TEST(Engine, ParametersAreRefused) {
  SqlEngine engine({});
  Failure unknown = failure_of([&] { engine.prepare_reading("SELECT 1 + $1::INTEGER"); });
  EXPECT_EQ(unknown.kind, Kind::statement) << unknown.text;
  EXPECT_TRUE(unknown.text.contains("parameters")) << unknown.text;
}

TEST(Engine, ADamagedFileIsAReadingError) {
  SqlEngine engine({.external_access = true});
  Failure missing = failure_of([&] { engine.prepare_reading("FROM read_parquet('/nowhere/x.parquet')").run(); });
  EXPECT_EQ(missing.kind, Kind::reading) << missing.text;
}

}  // namespace
}  // namespace weir
