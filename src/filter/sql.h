// SPDX-License-Identifier: Apache-2.0
// A filter as an SQL condition over the view `flows` (query/flows_view.h). It is true, false or null for a row where
// the predicate (filter/predicate.h) is true, false or unknown. It uses the function in_net() (sql/functions.h).
#pragma once

#include <string>

#include "filter/filter.h"
#include "flow/field_table.h"

namespace weir {

std::string filter_sql(const Filter& filter, const FieldTable& fields);

}  // namespace weir
