// SPDX-License-Identifier: Apache-2.0
// The view `counters` as SQL: a row per counter sample, with time_received_ns and then the columns of
// wire/counter_fields.h.
#pragma once

#include <span>
#include <string>

#include "query/time_range.h"

namespace weir {

// CREATE VIEW counters over these Parquet files, limited to rows that were received in the range, whichever time of
// flows the range refers to.
std::string counters_view(std::span<const std::string> files, const TimeRange& range);

}  // namespace weir
