// SPDX-License-Identifier: Apache-2.0
#include "query/flow_query.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/protocol_names.h"
#include "filter/parser.h"
#include "filter/sql.h"
#include "os/clock.h"
#include "os/file.h"
#include "query/counters_view.h"
#include "query/flows_view.h"
#include "query/name_texts.h"

namespace weir {

static constexpr int kMaxRemoved = 100;

namespace {

// A statement for the same rows, each column replaced by `cast` of "#1", "#2", ...: an expression, or the same.
template <class Cast>
std::string with_casts(const std::string& sql, const std::vector<SqlColumn>& columns, Cast cast) {
  std::string items;
  for (size_t i = 0; i < columns.size(); ++i)
    items += (i ? ", " : "") + cast("#" + std::to_string(i + 1), columns[i]) + " AS " + sql_name(columns[i].name());
  return "SELECT " + items + " FROM (\n" + sql_body(sql) + "\n)";
}

// Casts the columns whose type we cannot write as text, or as JSON.
std::string as_text(const std::string& sql, const std::vector<SqlColumn>& columns, bool as_json) {
  return with_casts(sql, columns, [&](const std::string& item, const SqlColumn& column) {
    if (column.is_spelled()) return item;
    return (as_json ? "to_json(" : "CAST(") + item + (as_json ? ")" : " AS VARCHAR)");
  });
}

// DuckDB writes a HUGEINT to Parquet as a DOUBLE, which would round sums.
std::string for_parquet(const std::string& sql, const std::vector<SqlColumn>& columns) {
  return with_casts(sql, columns, [](const std::string& item, const SqlColumn& column) {
    return column.is_128_bits() ? "CAST(" + item + " AS DECIMAL(38, 0))" : item;
  });
}

std::string where_sql(const std::string& where, const StoreColumns& columns, const TimeZone& zone) {
  if (where.empty()) return "";
  const FieldTable fields = filter_fields(columns);
  return filter_sql(parse_filter(where, fields, {os::realtime_ns(), zone}), fields);
}

// "proto = 'TCP'" compares a number with a text.
std::string with_hint(const std::string& error) {
  constexpr std::string_view kBefore = "Could not convert string '", kAfter = "' to UINT8";
  const size_t begin = error.find(kBefore), after = begin == error.npos ? begin : error.find(kAfter, begin);
  if (after == error.npos) return error;
  const std::string name = error.substr(begin + kBefore.size(), after - begin - kBefore.size());
  if (!any_protocol_number(name)) return error;
  return error + "\n\nproto is a number; write proto_name = " + sql_literal(name);
}

std::string path_of(const os::File& file) { return "/proc/self/fd/" + std::to_string(file.fd()); }

}  // namespace

FlowQuery::FlowQuery(QuerySettings settings)
    : settings_(std::move(settings)),
      files_(SegmentFiles::open(settings_.data, settings_.range,
                                std::span(kTables).first(settings_.counters ? kTableCount : 1))),
      columns_(Segments::read_extra_columns(settings_.data)),  // read after the list, so that none is missing
      where_(where_sql(settings_.where, columns_, settings_.engine.zone)),
      no_rows_(os::unnamed_file()) {}

void FlowQuery::interrupt() noexcept {
  interrupted_ = true;
  running_.interrupt();
}

SqlTick FlowQuery::tick(SqlEngine& engine, double begin, double end) const {
  return [this, &engine, begin, end] {
    if (interrupted_) throw QueryInterrupted();  // DuckDB ignores an interrupt from before a statement began
    const double done = engine.progress();
    if (settings_.on_progress && !answered_) settings_.on_progress(done < 0 ? done : begin + done * (end - begin));
  };
}

// The paths of the table's segments. DuckDB distributes the row groups of a single file among its threads only if it
// detects the columns itself, but we specify them; with several files it always does. So a single file is accompanied
// by one without rows.
std::vector<std::string> FlowQuery::paths(SqlEngine& engine, Table table) {
  std::vector<std::string> paths = files_.open_paths(table);
  if (paths.size() != 1) return paths;
  if (os::file_size(no_rows_) == 0)
    engine.execute("COPY (SELECT 0 AS nothing LIMIT 0) TO " + sql_literal(path_of(no_rows_)) +
                   " (FORMAT parquet, USE_TMP_FILE false)");
  paths.push_back(path_of(no_rows_));
  return paths;
}

// The folders of the segments are allowed, because a segment may be renamed at any moment; segments that have already
// been removed are allowed by their descriptors.
SqlSettings FlowQuery::engine_settings(const std::string& output) const {
  SqlSettings settings = settings_.engine;
  if (settings.external_access) return settings;
  for (Table table : kTables) settings.folders.push_back(settings_.data + "/" + std::string(table_name(table)));
  for (const SegmentFiles::Opened& opened : files_.opened()) settings.files.push_back(opened.open_path());
  settings.files.push_back(path_of(no_rows_));
  if (!output.empty()) settings.files.push_back(output);
  return settings;
}

void FlowQuery::work_once(const std::function<void(SqlEngine&)>& work, const std::string& output) {
  SqlEngine engine(engine_settings(output));
  Interruptible::Scope running(running_, engine);
  engine.execute(
      flows_view(paths(engine, Table::flows), settings_.range, columns_, where_, files_.columns(Table::flows)));
  engine.execute(counters_view(paths(engine, Table::counters), settings_.range));
  if (settings_.engine.external_access) engine.lock_settings();  // otherwise they are locked already
  if (interrupted_) throw QueryInterrupted();
  work(engine);
}

// No segment is read before a statement runs: a read error before that is about a file that the statement names.
SqlStatement FlowQuery::prepare(SqlEngine& engine, const std::string& sql) const {
  try {
    return engine.prepare_reading(sql);
  } catch (const SqlError& error) {
    bool ours = files_.with_real_paths(error.what()) != error.what();
    if (error.kind() != SqlError::Kind::reading || ours) throw;
    throw SqlError(SqlError::Kind::statement, error.what());
  }
}

bool FlowQuery::leave_out_if_damaged(SqlEngine& engine, size_t index) {
  if (interrupted_) throw QueryInterrupted();
  try {
    // A hash needs every value; a count would be answered from the footer.
    engine.execute("SELECT bit_xor(hash(COLUMNS(*))) FROM read_parquet(" +
                   sql_literal(files_.opened()[index].open_path()) + ")");
    return false;
  } catch (const SqlError& error) {
    if (error.kind() == SqlError::Kind::interrupted) throw QueryInterrupted();
    std::string text = error.what();
    text.resize(std::min(text.find("\n\nLINE"), text.size()));  // the caret would point into our own statement
    files_.leave_out(index, files_.with_real_paths(text));
    return true;
  }
}

// Finds files that DuckDB cannot read, by reading all of each: first those that the error names, which nearly always
// finds them; if none of these is damaged, all others, however long that takes. Returns whether any were found.
bool FlowQuery::leave_out_damaged(const std::string& error) {
  SqlEngine engine(engine_settings(""));
  Interruptible::Scope running(running_, engine);
  for (bool named : {true, false}) {
    bool found = false;
    for (size_t i = files_.opened().size(); i-- > 0;)
      if (error.contains(files_.opened()[i].real_path) == named && leave_out_if_damaged(engine, i)) found = true;
    if (found) return true;
  }
  return false;
}

void FlowQuery::attempt(const std::function<void(SqlEngine&)>& work, const std::function<bool()>& can_restart,
                        const std::string& output) {
  for (int removed = 0;;) {
    try {
      return work_once(work, output);
    } catch (const SqlError& error) {
      std::string text = files_.with_real_paths(error.what());
      switch (error.kind()) {
        case SqlError::Kind::interrupted:
          throw QueryInterrupted();
        case SqlError::Kind::statement:
          throw usage_error(with_hint(text));
        case SqlError::Kind::not_allowed:
          // One of our segments, merged away since the engine was created: the next engine knows its current name.
          if (text != error.what() && can_restart() && ++removed < kMaxRemoved) continue;
          throw usage_error(text);
        case SqlError::Kind::out_of_memory:
          throw runtime_failure(text + "\n\nweir sets this limit with --memory, and the threads with --threads");
        case SqlError::Kind::other:
          throw runtime_failure(text);
        case SqlError::Kind::reading:
          break;
      }
      if (!leave_out_damaged(text)) throw runtime_failure(text);
      if (!can_restart())
        throw runtime_failure(
            "the output ends here: part of it was written before the damage above was found; move that segment away, "
            "or "
            "write to a file with weir query --output, which starts again without it");
    }
  }
}

namespace {

// What is run for a statement of the user: that, behind lines of our own, which DuckDB's messages would count.
struct Asked {
  SqlStatement statement;
  std::string sql;
  int lines_before = 0;
  bool as_lines = false;  // its rows are texts, each of a row of the user's
};

Asked with_writable_columns(SqlEngine& engine, SqlStatement given, const std::string& sql, bool as_json) {
  if (std::ranges::all_of(given.columns(), &SqlColumn::is_spelled)) return {std::move(given), sql};
  const std::string cast = as_text(sql, given.columns(), as_json);
  return {engine.prepare(cast), cast, 1};
}

// Nothing changes if no function takes these columns.
void write_as_lines(SqlEngine& engine, const SqlRowText& text, const std::vector<std::string>& null_names,
                    Asked& asked) {
  const std::vector<SqlColumn>& columns = asked.statement.columns();
  std::vector<size_t> maybe_null;
  for (size_t i = 0; i < columns.size(); ++i)
    if (std::ranges::find(null_names, columns[i].name()) != null_names.end()) maybe_null.push_back(i);
  try {
    asked.statement = engine.prepare_row_text(asked.sql, columns, text, maybe_null);
  } catch (const SqlError&) {
    return;
  }
  asked.as_lines = true;
  ++asked.lines_before;
}

}  // namespace

void FlowQuery::read_rows(SqlEngine& engine, SqlStatement& statement, const Part& part, const Rows& take) {
  SqlResult result = statement.run(tick(engine, part.begin, part.end));
  while (result.next()) {
    answer();
    if (interrupted_) throw QueryInterrupted();
    take(result.columns(), result.rows());
  }
}

void FlowQuery::run_part(SqlEngine& engine, const Part& part, const Consumer& consumer, bool as_json, Done& done) {
  Asked asked = with_writable_columns(engine, prepare(engine, part.sql), part.sql, as_json);
  if (!done.begun) consumer.begin(asked.statement.columns());
  done.begun = true;
  SqlRowText row_text = consumer.row_text && is_query(asked.sql) ? consumer.row_text() : nullptr;
  const auto present = files_.columns(Table::flows);
  if (row_text)
    write_as_lines(engine, row_text, present ? null_columns(columns_, *present) : std::vector<std::string>(), asked);
  auto take = [&](const std::vector<SqlColumn>& columns, size_t rows) {
    done.of_part += rows;
    if (asked.as_lines)
      consumer.lines(columns.front(), rows);
    else
      consumer.rows(columns, rows);
  };
  try {
    read_rows(engine, asked.statement, part, take);
  } catch (const SqlError& error) {
    throw SqlError(error.kind(), without_lines_before(error.what(), asked.lines_before));
  }
}

void FlowQuery::answer() {
  if (!answered_ && settings_.on_answer) settings_.on_answer();
  answered_ = true;
}

// From the part on that was not finished.
void FlowQuery::run_once(SqlEngine& engine, const NextPart& next, const Consumer& consumer, bool as_json, Done& done) {
  auto question = [&](const Part& part) { return ask(engine, part); };
  for (; auto part = next(done.parts, done.rows, question); ++done.parts) {
    run_part(engine, *part, consumer, as_json, done);
    if (done.of_part > 0 && consumer.after_part) consumer.after_part();
    done.rows += std::exchange(done.of_part, 0);
  }
  answer();
}

void FlowQuery::run_parts(const NextPart& next, const Consumer& consumer, bool as_json) {
  Done done;
  auto work = [&](SqlEngine& engine) {
    if (consumer.can_restart()) done = {};
    run_once(engine, next, consumer, as_json, done);
  };
  // A part without rows so far can be run again after rows of others have been written.
  attempt(work, [&] { return consumer.can_restart() || done.of_part == 0; });
}

FlowQuery::NextPart FlowQuery::only(const std::string& sql) {
  return [sql = with_names_spelled(sql)](size_t index, uint64_t, const Ask&) {
    return index == 0 ? std::optional(Part{.sql = sql}) : std::nullopt;
  };
}

void FlowQuery::run(const std::string& sql, const Consumer& consumer, bool as_json) {
  run_parts(only(sql), consumer, as_json);
}

std::vector<int64_t> FlowQuery::segment_starts() const {
  std::vector<int64_t> starts;
  for (const SegmentFiles::Opened& opened : files_.opened())
    if (opened.segment.table == Table::flows) starts.push_back(opened.segment.figures.received.min_ns);
  std::ranges::sort(starts, std::greater());
  return starts;
}

FlowQuery::Row FlowQuery::ask(SqlEngine& engine, const Part& question) {
  Row row;
  SqlResult result = prepare(engine, question.sql).run(tick(engine, question.begin, question.end));
  if (!result.next()) return row;
  for (const SqlColumn& column : result.columns())
    if (row.emplace_back(); !column.is_null(0)) column.append(row.back().emplace(), 0, SqlStyle::csv);
  return row;
}

FlowQuery::Row FlowQuery::first_row(const std::string& sql) {
  Row row;
  attempt([&](SqlEngine& engine) { row = ask(engine, {.sql = sql}); }, [] { return true; });
  return row;
}

void FlowQuery::write_parquet(const std::string& given, const std::string& path) {
  const std::string sql = with_names_spelled(given);
  auto work = [&](SqlEngine& engine) {
    SqlStatement statement = prepare(engine, sql);
    bool wide = std::ranges::any_of(statement.columns(), &SqlColumn::is_128_bits);
    std::string rows = wide ? for_parquet(sql, statement.columns()) : sql_body(sql);
    engine.execute(
        "COPY (" + rows + "\n) TO " + sql_literal(path) + " (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)",
        tick(engine));
  };
  attempt(work, [] { return true; }, path);
}

}  // namespace weir
