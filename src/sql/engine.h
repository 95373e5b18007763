// SPDX-License-Identifier: Apache-2.0
// SqlEngine: DuckDB in this process, with RAII owners and one exception type; no other folder sees its C API.
//
//   in       SQL text, over the files of SqlSettings, or over any files that the text names (external_access)
//   out      results as a stream of chunks (SqlResult), so that a result of any size needs a limited amount of memory
//   threads  one at a time; interrupt() from any thread and from signal handlers. DuckDB has threads of its own
//   memory   SqlSettings::memory_bytes; data that does not fit is spilled into a folder that is removed with the engine
//   failure  SqlError with DuckDB's complete message, including the lines with the caret
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "sql/column.h"
#include "sql/statement_text.h"

namespace weir {

class SqlError : public std::runtime_error {
 public:
  enum class Kind {
    statement,    // the request is wrong: syntax, an unknown column, a value that cannot be converted
    reading,      // a file could not be read, or contains something other than expected
    interrupted,  // interrupt() was called
    out_of_memory,
    not_allowed,  // a file that SqlSettings does not allow
    other,        // disk full, a fault of the engine
  };
  SqlError(Kind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

struct SqlSettings {
  int64_t memory_bytes = 0;       // 0: half of the machine's memory, at most 8 GiB
  unsigned threads = 0;           // 0: one per core
  std::string spill_folder = {};  // created when something does not fit into memory, and removed; "": none
  bool track_progress = false;    // SqlEngine::progress() works
  TimeZone zone = {};             // in which times of results are written; a TIMESTAMP in SQL is always UTC
  // SQL may read and write every file that this process may: only for SQL of the same user who runs it. Otherwise only
  // `files` and the contents of `folders` are accessible, and the settings are locked from the start. DuckDB resolves
  // links: /proc/self/fd/N means the file behind it, by the name it had when the engine was created and by the name it
  // has when it is opened.
  bool external_access = false;
  std::vector<std::string> files = {}, folders = {};
};

// Appends the text of the rows of a chunk to `out`, and to `ends` the size of `out` after each row. Is called by
// several threads at a time.
using SqlRowText = std::function<void(const std::vector<SqlColumn>& columns, size_t rows, std::string& out,
                                      std::vector<size_t>& ends)>;

// Called about ten times a second until a statement returns its first rows.
using SqlTick = std::function<void()>;

// Rows of a statement, chunk by chunk. The engine must outlive it.
class SqlResult {
 public:
  SqlResult(SqlResult&&) noexcept;
  ~SqlResult();
  // The columns; their cells are those of the current chunk.
  const std::vector<SqlColumn>& columns() const;
  // Moves to the next chunk: false after the last. Throws SqlError.
  bool next();
  size_t rows() const;  // of the current chunk

 private:
  friend class SqlStatement;
  struct Impl;
  explicit SqlResult(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A statement whose column names and types are known, to be run once. The engine must outlive it.
class SqlStatement {
 public:
  SqlStatement(SqlStatement&&) noexcept;
  SqlStatement& operator=(SqlStatement&&) noexcept;
  ~SqlStatement();
  const std::vector<SqlColumn>& columns() const;  // of its result, without values
  // Runs it up to its first rows. Throws SqlError.
  SqlResult run(const SqlTick& tick = {});

 private:
  friend class SqlEngine;
  struct Impl;
  explicit SqlStatement(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class SqlEngine {
 public:
  explicit SqlEngine(const SqlSettings& settings);
  ~SqlEngine();
  SqlEngine(const SqlEngine&) = delete;

  // Prepares a statement of our own. Throws SqlError.
  SqlStatement prepare(const std::string& sql);
  // Prepares a statement written by a user: throws SqlError (statement) unless the text is exactly one statement that
  // only reads (statement_text.h). A refused statement has had no effect: no file was created or opened.
  SqlStatement prepare_reading(const std::string& sql);
  // Prepares the query `sql`, which has these columns, so that it returns one column: the text of each row. DuckDB's
  // threads write it together, which one thread could not do as fast as they read. `sql` follows one line of ours. The
  // function that writes is registered only now, so that a user's statement, prepared before, cannot call it. Throws
  // SqlError also for columns that no function takes together: texts with different collations.
  // `maybe_null`: numbers of columns that are null in every row, perhaps; if DuckDB's optimizer agrees it has less to
  // do.
  SqlStatement prepare_row_text(const std::string& sql, const std::vector<SqlColumn>& columns, SqlRowText text,
                                const std::vector<size_t>& maybe_null = {});
  void execute(const std::string& sql, const SqlTick& tick = {});  // for statements without a result
  void lock_settings();                                            // from here on no SQL can change a setting

  void interrupt() noexcept;  // the running statement ends with SqlError (interrupted)
  double progress() const;    // of the running statement: 0 to 1, or below 0 if unknown

 private:
  bool are_null(const std::string& rows, const std::vector<size_t>& numbers);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
