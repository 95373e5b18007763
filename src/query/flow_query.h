// SPDX-License-Identifier: Apache-2.0
// FlowQuery: runs SQL over the views `flows` and `counters` of a data directory, outside the collector's process.
//
//   in       a statement that only reads (SqlEngine::prepare_reading), and a time range
//   out      its rows to a consumer, or a Parquet file
//   threads  one at a time; interrupt() also from signal handlers
//   failure  usage_error: the directory, the SQL (DuckDB's text with its caret). runtime_failure: reading failed after
//            rows were handed out. QueryInterrupted. Damaged or lost segments are left out and named in problems()
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "query/interruptible.h"
#include "query/segment_files.h"
#include "query/time_range.h"
#include "sql/engine.h"

namespace weir {

class QueryInterrupted : public std::runtime_error {
 public:
  QueryInterrupted() : std::runtime_error("interrupted") {}
};

struct QuerySettings {
  std::string data = {};
  TimeRange range = {};
  std::string where = {};   // a filter (filter/parser.h): `flows` has only the rows for which it is true; "": all
  bool counters = false;    // false: the view `counters` has no rows, and queries of flows read no counter segments
  SqlSettings engine = {};  // without external_access SQL reads only the segments
  std::function<void(double)> on_progress = {};  // about ten times a second before the first rows: 0 to 1, < 0 unknown
  std::function<void()> on_answer = {};          // before the first rows: no more progress is reported
};

class FlowQuery {
 public:
  struct Consumer {
    std::function<void(const std::vector<SqlColumn>&)> begin;              // the columns, without values
    std::function<void(const std::vector<SqlColumn>&, size_t rows)> rows;  // called any number of times
    std::function<bool()> can_restart;                                     // whether `begin` may be called again
    // If it returns a function, after `begin`, then a query's rows are written by that, in several threads, and
    // `lines` is called instead of `rows`, with a column of these texts.
    std::function<SqlRowText()> row_text = {};
    std::function<void(const SqlColumn& texts, size_t rows)> lines = {};
    std::function<void()> after_part = {};  // if set, called after each part that has rows
  };

  // A statement that gives a part of a result, and which part of the work it is, from 0 to 1.
  struct Part {
    std::string sql;
    double begin = 0, end = 1;
  };
  // The first row of a statement's result, as CSV writes its values; nullopt: null. Empty if there are no rows.
  using Row = std::vector<std::optional<std::string>>;
  using Ask = std::function<Row(const Part& question)>;
  // The part with this index, when the parts before it have given so many rows; nullopt: there are no more. To choose
  // it, `ask` may be called. A part that failed before it gave rows may be asked for again.
  using NextPart = std::function<std::optional<Part>(size_t index, uint64_t rows, const Ask& ask)>;
  static NextPart only(const std::string& sql);  // one part, a statement of the user

  explicit FlowQuery(QuerySettings settings);

  // `as_json`: how values of types without a text form of their own (structures, intervals) are cast.
  void run(const std::string& sql, const Consumer& consumer, bool as_json);
  // Statements with the same columns, one after another, as one result.
  void run_parts(const NextPart& next, const Consumer& consumer, bool as_json);
  Row first_row(const std::string& sql);
  // Writes the result to `path`, zstd-compressed Parquet.
  void write_parquet(const std::string& sql, const std::string& path);

  const std::vector<std::string>& problems() const { return files_.problems(); }
  const StoreColumns& columns() const { return columns_; }
  // When the oldest flow of each segment was received, ns, newest first.
  std::vector<int64_t> segment_starts() const;
  uint64_t segments_read() const { return files_.opened().size(); }
  void interrupt() noexcept;

 private:
  // What a run has done so far; it survives an engine that is replaced because a segment was left out.
  struct Done {
    size_t parts = 0;      // that are finished
    uint64_t rows = 0;     // of these
    uint64_t of_part = 0;  // rows of the part that is running
    bool begun = false;    // `begin` was called
  };
  using Rows = std::function<void(const std::vector<SqlColumn>&, size_t)>;

  // `output`: the file that the work writes by name, or "".
  void attempt(const std::function<void(SqlEngine&)>& work, const std::function<bool()>& can_restart,
               const std::string& output = "");
  void work_once(const std::function<void(SqlEngine&)>& work, const std::string& output);
  SqlSettings engine_settings(const std::string& output) const;
  std::vector<std::string> paths(SqlEngine& engine, Table table);
  SqlStatement prepare(SqlEngine& engine, const std::string& sql) const;
  void run_once(SqlEngine& engine, const NextPart& next, const Consumer& consumer, bool as_json, Done& done);
  void run_part(SqlEngine& engine, const Part& part, const Consumer& consumer, bool as_json, Done& done);
  void read_rows(SqlEngine& engine, SqlStatement& statement, const Part& part, const Rows& take);
  Row ask(SqlEngine& engine, const Part& question);
  void answer();
  bool leave_out_damaged(const std::string& error);
  bool leave_out_if_damaged(SqlEngine& engine, size_t index);
  SqlTick tick(SqlEngine& engine, double begin = 0, double end = 1) const;

  QuerySettings settings_;
  SegmentFiles files_;
  StoreColumns columns_;
  std::string where_;  // in SQL
  os::File no_rows_;   // a Parquet file without rows, once one is needed
  Interruptible running_;
  std::atomic<bool> interrupted_ = false;
  bool answered_ = false;  // rows have come: progress is not reported any more
};

}  // namespace weir
