// SPDX-License-Identifier: Apache-2.0
#include "sql/engine.h"

#include <duckdb.h>

#include <algorithm>
#include <exception>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "os/clock.h"
#include "os/process.h"
#include "run/worker.h"
#include "sql/functions.h"
#include "sql/row_text.h"

namespace weir {

static constexpr int64_t kTickNs = 100'000'000;
static constexpr int64_t kIdleNs = 100'000;  // while all work is with DuckDB's own threads
static constexpr int64_t kMaxDefaultMemory = 8ll << 30;
static constexpr const char* kOnlyReading =
    "only statements that read can be run: SELECT, FROM, WITH, VALUES, TABLE, DESCRIBE, SHOW, SUMMARIZE, PIVOT, "
    "UNPIVOT "
    "and EXPLAIN";

namespace {

template <class Handle, void (*destroy)(Handle*)>
class Owned {
 public:
  Owned() = default;
  Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  ~Owned() { destroy(&handle_); }
  Handle get() const { return handle_; }
  Handle* put() { return &handle_; }

 private:
  Handle handle_ = nullptr;
};
using Configuration = Owned<duckdb_config, duckdb_destroy_config>;
using Instance = Owned<duckdb_database, duckdb_close>;
using Connection = Owned<duckdb_connection, duckdb_disconnect>;
using Extracted = Owned<duckdb_extracted_statements, duckdb_destroy_extracted>;
using Prepared = Owned<duckdb_prepared_statement, duckdb_destroy_prepare>;
using Pending = Owned<duckdb_pending_result, duckdb_destroy_pending>;
using Chunk = Owned<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using LogicalType = Owned<duckdb_logical_type, duckdb_destroy_logical_type>;

// A pending result has no error number, so the kind is taken from the prefix with which DuckDB begins every message.
SqlError::Kind kind_of(std::string_view message) {
  using Kind = SqlError::Kind;
  auto begins = [&](std::string_view prefix) { return message.starts_with(prefix); };
  if (begins("INTERRUPT")) return Kind::interrupted;
  if (is_wrong_argument(message)) return Kind::statement;
  // "Invalid Error" is any foreign exception, including those of the Parquet reader's Thrift.
  for (auto prefix : {"IO Error", "Invalid Input Error", "Invalid Error", "Serialization Error", "INTERNAL Error",
                      "TransactionContext Error", "FATAL Error"})
    if (begins(prefix)) return Kind::reading;
  if (begins("Out of Memory Error")) return Kind::out_of_memory;
  if (begins("Permission Error")) return Kind::not_allowed;
  if (begins("HTTP Error")) return Kind::other;
  return Kind::statement;
}

SqlError error_of(const char* message) {
  std::string text = message ? message : "DuckDB failed without saying why";
  return {kind_of(text), text};
}

void set(Configuration& configuration, const char* name, const std::string& value) {
  if (duckdb_set_config(configuration.get(), name, value.c_str()) == DuckDBError)
    throw usage_error("DuckDB does not take " + value + " for its setting " + name);
}

int64_t default_memory() {
  int64_t half = static_cast<int64_t>(os::physical_memory_bytes() / 2);
  return half > 0 ? std::min(half, kMaxDefaultMemory) : kMaxDefaultMemory;
}

}  // namespace

// ---- Results

struct SqlResult::Impl {
  Impl() = default;
  Impl(const Impl&) = delete;
  ~Impl() { duckdb_destroy_result(&result); }

  std::shared_ptr<Prepared> prepared;
  duckdb_result result{};
  Chunk chunk;
  std::vector<SqlColumn> columns;
  size_t rows = 0;
};

SqlResult::SqlResult(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqlResult::SqlResult(SqlResult&&) noexcept = default;
SqlResult::~SqlResult() = default;

const std::vector<SqlColumn>& SqlResult::columns() const { return impl_->columns; }
size_t SqlResult::rows() const { return impl_->rows; }

bool SqlResult::next() {
  duckdb_destroy_data_chunk(impl_->chunk.put());
  *impl_->chunk.put() = duckdb_fetch_chunk(impl_->result);
  impl_->rows = 0;
  if (!impl_->chunk.get()) {
    const char* message = duckdb_result_error(&impl_->result);
    if (message && *message) throw error_of(message);
    return false;
  }
  impl_->rows = duckdb_data_chunk_get_size(impl_->chunk.get());
  for (size_t i = 0; i < impl_->columns.size(); ++i)
    impl_->columns[i].set_vector(duckdb_data_chunk_get_vector(impl_->chunk.get(), i));
  return impl_->rows > 0;
}

// ---- Statements

struct SqlStatement::Impl {
  std::shared_ptr<Prepared> prepared = std::make_shared<Prepared>();
  std::vector<SqlColumn> columns;
  TimeZone zone;
};

SqlStatement::SqlStatement(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqlStatement::SqlStatement(SqlStatement&&) noexcept = default;
SqlStatement& SqlStatement::operator=(SqlStatement&&) noexcept = default;
SqlStatement::~SqlStatement() = default;

const std::vector<SqlColumn>& SqlStatement::columns() const { return impl_->columns; }

static void finish_pending(duckdb_pending_result pending, const SqlTick& tick) {
  int64_t next_tick = os::monotonic_ns() + kTickNs;
  for (;;) {
    duckdb_pending_state state = duckdb_pending_execute_task(pending);
    if (state == DUCKDB_PENDING_ERROR) throw error_of(duckdb_pending_error(pending));
    if (duckdb_pending_execution_is_finished(state)) return;
    if (state == DUCKDB_PENDING_NO_TASKS_AVAILABLE) os::sleep_ns(kIdleNs);
    if (tick && os::monotonic_ns() >= next_tick) {
      tick();
      next_tick = os::monotonic_ns() + kTickNs;
    }
  }
}

SqlResult SqlStatement::run(const SqlTick& tick) {
  Pending pending;
  if (duckdb_pending_prepared_streaming(impl_->prepared->get(), pending.put()) == DuckDBError)
    throw error_of(duckdb_pending_error(pending.get()));
  finish_pending(pending.get(), tick);
  auto result = std::make_unique<SqlResult::Impl>();
  result->prepared = impl_->prepared;
  if (duckdb_execute_pending(pending.get(), &result->result) == DuckDBError)
    throw error_of(duckdb_result_error(&result->result));
  for (idx_t i = 0; i < duckdb_column_count(&result->result); ++i) {
    LogicalType type;
    *type.put() = duckdb_column_logical_type(&result->result, i);
    result->columns.emplace_back(duckdb_column_name(&result->result, i), make_sql_type(type.get(), impl_->zone));
  }
  return SqlResult(std::move(result));
}

// ---- The engine

struct SqlEngine::Impl {
  Instance instance;
  Connection connection;
  TimeZone zone = {};
  int row_texts = 0;  // registered so far
};

static std::string list_of(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + sql_literal(text);
  return "[" + list + "]";
}

SqlEngine::SqlEngine(const SqlSettings& settings) : impl_(std::make_unique<Impl>()) {
  impl_->zone = settings.zone;
  Configuration configuration;
  if (duckdb_create_config(configuration.put()) == DuckDBError) throw std::bad_alloc();
  int64_t memory = settings.memory_bytes > 0 ? settings.memory_bytes : default_memory();
  set(configuration, "memory_limit", std::to_string(memory) + "B");
  if (settings.threads > 0) set(configuration, "threads", std::to_string(settings.threads));
  set(configuration, "temp_directory", settings.spill_folder);
  // Nothing is downloaded, and no extensions are loaded except those linked in.
  set(configuration, "autoinstall_known_extensions", "false");
  set(configuration, "autoload_known_extensions", "false");
  char* message = nullptr;
  if (duckdb_open_ext(nullptr, impl_->instance.put(), configuration.get(), &message) == DuckDBError) {
    SqlError error = error_of(message);
    duckdb_free(message);
    throw error;
  }
  if (duckdb_connect(impl_->instance.get(), impl_->connection.put()) == DuckDBError)
    throw SqlError(SqlError::Kind::other, "DuckDB refuses a connection to itself");
  register_functions(impl_->connection.get(), impl_->zone);
  execute("SET TimeZone = 'UTC'");
  if (settings.track_progress) {
    execute("SET enable_progress_bar = true");
    execute("SET enable_progress_bar_print = false");
  }
  if (settings.external_access) return;
  execute("SET allowed_paths = " + list_of(settings.files));
  execute("SET allowed_directories = " + list_of(settings.folders));
  execute("SET enable_external_access = false");
  lock_settings();
}

// DuckDB's threads still work on a statement whose rows were not read to the end. Closing the connection waits for
// them, but not if an exception is propagating in the closing thread: DuckDB 1.5 then leaves them running, in memory
// that is freed. So another thread closes it.
SqlEngine::~SqlEngine() {
  interrupt();
  if (std::uncaught_exceptions() == 0) return;
  try {
    Worker closing("sql-close", [this](const std::stop_token&) { impl_.reset(); });
  } catch (const Error&) {
    [[maybe_unused]] Impl* left_open = impl_.release();  // no thread can be created: left open until the process ends
  }
}

static std::vector<SqlColumn> columns_of(duckdb_prepared_statement prepared, const TimeZone& zone) {
  std::vector<SqlColumn> columns;
  for (idx_t i = 0; i < duckdb_prepared_statement_column_count(prepared); ++i) {
    LogicalType type;
    *type.put() = duckdb_prepared_statement_column_logical_type(prepared, i);
    const char* name = duckdb_prepared_statement_column_name(prepared, i);
    columns.emplace_back(name, make_sql_type(type.get(), zone));
    duckdb_free(const_cast<char*>(name));
  }
  return columns;
}

SqlStatement SqlEngine::prepare(const std::string& sql) {
  Extracted extracted;
  idx_t count = duckdb_extract_statements(impl_->connection.get(), sql.c_str(), extracted.put());
  if (count == 0) {
    const char* message = extracted.get() ? duckdb_extract_statements_error(extracted.get()) : nullptr;
    if (message && *message) throw error_of(message);
    throw SqlError(SqlError::Kind::statement, "there is no SQL statement in this text");
  }
  if (count > 1)
    throw SqlError(
        SqlError::Kind::statement,
        "DuckDB runs this as several statements, which is not supported; PIVOT needs its values here: ON x IN "
        "(...)");
  auto statement = std::make_unique<SqlStatement::Impl>();
  if (duckdb_prepare_extracted_statement(impl_->connection.get(), extracted.get(), 0, statement->prepared->put()) ==
      DuckDBError)
    throw error_of(duckdb_prepare_error(statement->prepared->get()));
  statement->zone = impl_->zone;
  statement->columns = columns_of(statement->prepared->get(), impl_->zone);
  return SqlStatement(std::move(statement));
}

static void refuse_changing(const std::string& sql) {
  auto refuse = [](const std::string& why) { throw SqlError(SqlError::Kind::statement, why); };
  if (size_t count = count_statements(sql); count > 1)
    refuse("these are " + std::to_string(count) + " statements; one at a time can be run");
  else if (count == 0)
    refuse("there is no SQL statement in this text");
  if (!begins_as_reading(sql) && begins_as_changing(sql)) refuse(kOnlyReading);
  if (std::string_view name = changing_function(sql); !name.empty())
    refuse(std::string(name) + "() does more than read; " + kOnlyReading);
}

SqlStatement SqlEngine::prepare_reading(const std::string& sql) {
  refuse_changing(sql);
  SqlStatement statement = prepare(sql);
  if (duckdb_nparams(statement.impl_->prepared->get()) > 0)
    throw SqlError(SqlError::Kind::statement, "the statement has parameters (?, $1); write their values instead");
  duckdb_statement_type type = duckdb_prepared_statement_type(statement.impl_->prepared->get());
  if (type == DUCKDB_STATEMENT_TYPE_SELECT) return statement;
  if (type == DUCKDB_STATEMENT_TYPE_EXPLAIN) {
    // EXPLAIN ANALYZE runs the statement that it explains.
    prepare_reading(std::string(explained_statement(sql)));
    return statement;
  }
  throw SqlError(SqlError::Kind::statement, kOnlyReading);
}

static std::string column_names(const std::vector<size_t>& numbers) {
  std::string names;
  for (size_t i : numbers) names += (names.empty() ? "c" : ", c") + std::to_string(i);
  return names;
}

// Whether the plan is empty for rows in which one of the columns has a value.
bool SqlEngine::are_null(const std::string& rows, const std::vector<size_t>& numbers) {
  std::string condition = "false";
  for (size_t i : numbers) condition += " OR c" + std::to_string(i) + " IS NOT NULL";
  SqlResult plan = prepare("EXPLAIN (FORMAT json) SELECT 1 FROM " + rows + " WHERE " + condition).run();
  std::string text;
  // To the end, which ends the transaction.
  while (plan.next()) plan.columns().back().append(text, 0, SqlStyle::csv);
  const size_t name = text.find("\"name\": \"");
  return name != text.npos && text.substr(name).starts_with("\"name\": \"EMPTY_RESULT\"");
}

SqlStatement SqlEngine::prepare_row_text(const std::string& sql, const std::vector<SqlColumn>& columns, SqlRowText text,
                                         const std::vector<size_t>& maybe_null) {
  std::vector<size_t> passed(columns.size());
  std::iota(passed.begin(), passed.end(), size_t{0});
  const std::string rows = "(\n" + sql_body(sql) + "\n) AS q(" + column_names(passed) + ")";
  if (!maybe_null.empty() && are_null(rows, maybe_null))
    std::erase_if(passed, [&](size_t i) { return std::ranges::find(maybe_null, i) != maybe_null.end(); });
  const std::string function = "weir_row_text_" + std::to_string(impl_->row_texts++);
  register_row_text(impl_->connection.get(), function, columns, passed, std::move(text));
  return prepare("SELECT " + function + "(" + column_names(passed) + ") FROM " + rows);
}

void SqlEngine::execute(const std::string& sql, const SqlTick& tick) {
  SqlResult result = prepare(sql).run(tick);
  while (result.next()) {
  }
}

void SqlEngine::lock_settings() { execute("SET lock_configuration = true"); }

void SqlEngine::interrupt() noexcept { duckdb_interrupt(impl_->connection.get()); }

double SqlEngine::progress() const { return duckdb_query_progress(impl_->connection.get()).percentage / 100; }

}  // namespace weir
