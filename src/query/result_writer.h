// SPDX-License-Identifier: Apache-2.0
// ResultWriter: writes results as text, row by row. Memory does not grow with the result: a table takes its column
// widths from the first rows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "query/flow_query.h"
#include "query/result_output.h"
#include "sql/column.h"
#include "sql/engine.h"

namespace weir {

// terminal: a table with lines; plain: a table without. expanded: a line for each column of each row. csv_terminal: CSV
// shown to people, without characters that control a terminal.
enum class ResultFormat { terminal, plain, expanded_terminal, expanded, csv, csv_terminal, json };

class ResultWriter {
 public:
  virtual ~ResultWriter() = default;
  virtual void begin(const std::vector<SqlColumn>& columns) = 0;
  virtual void rows(const std::vector<SqlColumn>& columns, size_t count) = 0;
  virtual void end() = 0;
  virtual void write_held() {}  // writes the rows that wait for later ones, if there are enough of them
  // For formats with one text per row: writes it, in any thread, for the columns that `begin` was given last. Empty for
  // tables, whose columns depend on all rows.
  virtual SqlRowText row_text() const { return {}; }
};

//   csv   RFC 4180 with a header, lines end with \n; null is empty, an empty text is ""
//   json  one object per line; a repeated column name gets a number
// `flows_columns`: a result that has all of these columns has too many for people: of such a result, terminal and the
// expanded formats do not show columns without a value.
std::unique_ptr<ResultWriter> make_result_writer(ResultFormat format, ResultOutput& output,
                                                 std::vector<std::string> flows_columns = {});

// Passes the rows of a query to the writer, which writes into `output`. All three must exist together. `shows_parts`:
// while a query takes long, the rows of each of its parts are shown as soon as they are known.
FlowQuery::Consumer consumer_of(ResultWriter& writer, ResultOutput& output, bool shows_parts = false);

}  // namespace weir
