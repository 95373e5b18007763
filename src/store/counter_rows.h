// SPDX-License-Identifier: Apache-2.0
// Appends counter samples as rows of a row group of the table `counters`.
#pragma once

#include <span>
#include <vector>

#include "parquet/column_buffer.h"
#include "wire/sflow_counters.h"

namespace weir {

// The first sample becomes row `first_row`; `columns` as in store_columns(Table::counters).
void append_counters(std::span<const CounterSample> samples, std::vector<ColumnBuffer>& columns, uint32_t first_row);

}  // namespace weir
