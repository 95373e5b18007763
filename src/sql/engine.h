// SPDX-License-Identifier: Apache-2.0
// SqlEngine: DuckDB in this process, with owners and one exception; nothing of its C API shows outside sql/.
//
//   in       SQL text, over the files of SqlSettings, or over whatever files the text names (external_access)
//   out      results as a stream of chunks (SqlResult), so that a result of any size needs bounded memory
//   threads  one at a time; interrupt() from any thread and from signal handlers. DuckDB has threads of its own
//   memory   SqlSettings::memory_bytes; what does not fit is spilled into a folder that goes with the engine
//   failure  SqlError with DuckDB's whole text, the lines with the caret included
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
    statement,    // what was asked for is wrong: syntax, an unknown column, a value that cannot be converted
    reading,      // a file could not be read, or holds something else than expected
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
  std::string spill_folder = {};  // made when something does not fit into memory, and removed; "": nowhere
  bool track_progress = false;    // SqlEngine::progress() works
  // SQL may read and write every file that this process may: only for SQL of the very user who runs it. Without it only
  // `files` and what is in `folders`, and the settings are locked from the start. DuckDB looks at where a link leads:
  // /proc/self/fd/N is the file behind it, by its name when the engine was made, and by its name when it is opened.
  bool external_access = false;
  std::vector<std::string> files = {}, folders = {};
};

// Called about ten times a second while a statement has not given its first rows yet.
using SqlTick = std::function<void()>;

// Rows of a statement, chunk by chunk. Outlived by its engine.
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

// A statement whose names and types are known, to be run once. Outlived by its engine.
class SqlStatement {
 public:
  SqlStatement(SqlStatement&&) noexcept;
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

  // A statement of our own. Throws SqlError.
  SqlStatement prepare(const std::string& sql);
  // One as a user wrote it: throws SqlError (statement) unless it is exactly one, and only reads (statement_text.h).
  // What is refused has done nothing: no file was made or opened.
  SqlStatement prepare_reading(const std::string& sql);
  void execute(const std::string& sql, const SqlTick& tick = {});  // for those without a result
  void lock_settings();                                            // no SQL can change a setting from here on

  void interrupt() noexcept;  // the running statement ends with SqlError (interrupted)
  double progress() const;    // of the running statement: 0 to 1, or below 0 where unknown

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
