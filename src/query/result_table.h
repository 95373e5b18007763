// SPDX-License-Identifier: Apache-2.0
// Writes results as tables for people: columns are as wide as their first rows need; longer values in later rows stick
// out but are not cut off. Data from the network cannot control the terminal: control characters are shown as "?".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "query/result_writer.h"

namespace weir {

// `lines`: with a frame and a bold heading, for terminals. `flows_columns`: of results that have all of these columns,
// only columns with a value in the first rows are shown.
std::unique_ptr<ResultWriter> make_table_writer(bool lines, ResultOutput& output,
                                                std::vector<std::string> flows_columns);

}  // namespace weir
