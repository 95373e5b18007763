// SPDX-License-Identifier: Apache-2.0
// Writes results with many columns for people: for each row a block, with a line for each column. Control characters
// are shown as "?".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "query/result_writer.h"

namespace weir {

// `flows_columns`: in results that have all of these columns, columns without a value are left out, row by row.
std::unique_ptr<ResultWriter> make_expanded_writer(bool to_terminal, ResultOutput& output,
                                                   std::vector<std::string> flows_columns);

}  // namespace weir
