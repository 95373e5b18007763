// SPDX-License-Identifier: Apache-2.0
// Names of protocols and Ethertypes in a user's SQL, whatever the case of their letters: proto_name = 'tcp'.
#pragma once

#include <string>

namespace weir {

// Spells the names with which proto_name and etype_name are compared as the columns do. (A collation of the columns
// would do the same, but compares them row by row, where otherwise DuckDB compares the number.)
std::string with_names_spelled(const std::string& sql);

}  // namespace weir
