// SPDX-License-Identifier: Apache-2.0
// Runs statements and writes their result to a file or standard output, in the format that the user wants.
#pragma once

#include <string>

#include "query/flow_query.h"
#include "query/result_output.h"

namespace weir {

struct PrintSettings {
  std::string format = "table";  // table, csv, json. A table is framed on a terminal and plain elsewhere
  bool expanded = false;         // of a table: a block per row, a line per column
  bool no_pager = false;         // a table on a terminal does not go through the user's pager
};

// Failures as of FlowQuery and ResultOutput. `path`: "" is standard output.
void print_rows(FlowQuery& query, const FlowQuery::NextPart& parts, const PrintSettings& settings,
                const std::string& path = "");

}  // namespace weir
