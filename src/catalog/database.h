// SPDX-License-Identifier: Apache-2.0
// RAII wrappers for SQLite: a connection, a prepared statement, a transaction, and one exception for its errors.
// Nothing else in Weir includes sqlite3.h. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace weir {

class DatabaseError : public std::runtime_error {
 public:
  DatabaseError(int code, const std::string& message) : std::runtime_error(message), code_(code) {}
  bool is_damage() const;  // the file's content is wrong, not just unreachable or unwritable

 private:
  int code_;
};

class Statement {
 public:
  Statement(sqlite3* connection, const std::string& sql);
  Statement& bind(int index, int64_t value);           // index from 1
  Statement& bind(int index, std::string_view value);  // copied
  Statement& bind_blob(int index, std::string_view value);
  bool step();                              // true: there is a row
  void run();                               // steps to the end and resets: for INSERT and similar
  int64_t integer(int column) const;        // column from 0
  std::string_view text(int column) const;  // valid until the next step
  std::string_view blob(int column) const;  // the same

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  sqlite3* connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  // immutable: the file is read without locks and without -wal and -shm files beside it.
  enum class Mode { create, read_only, immutable };
  Database(const std::string& path, Mode mode);

  Statement prepare(const std::string& sql) { return Statement(connection_.get(), sql); }
  void execute(const std::string& sql);
  int64_t integer(const std::string& sql);  // the first column of the first row; 0 if there is none
  bool is_read_only() const;

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  std::unique_ptr<sqlite3, Close> connection_;
};

// BEGIN .. COMMIT; rolled back if commit() is not reached.
class Transaction {
 public:
  explicit Transaction(Database& database, const char* begin = "BEGIN");
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace weir
