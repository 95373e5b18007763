// SPDX-License-Identifier: Apache-2.0
// The view `counters` as SQL: a row per counter sample, time_received_ns and then the columns of wire/counter_fields.h.
#pragma once

#include <span>
#include <string>

#include "query/time_range.h"

namespace weir {

// CREATE VIEW counters over these Parquet files, as far as their rows were received in the range, whichever time of
// flows the range means.
std::string counters_view(std::span<const std::string> files, const TimeRange& range);

}  // namespace weir
