// SPDX-License-Identifier: Apache-2.0
// The folder of a segment: flows/day=2026-11-21/hour=12/, by its table and the hour (UTC) of receipt of its rows.
#pragma once

#include <cstdint>
#include <string>

#include "store/table.h"

namespace weir {

inline constexpr int64_t kHourNs = 3'600'000'000'000;

// Hours since 1970.
int64_t hour_of(int64_t ns);
std::string day_text(int64_t hour);  // "2026-11-21"
// "flows/day=2026-11-21/hour=12", relative to the data directory
std::string partition_folder(int64_t hour, Table table = Table::flows);
std::string compact_time(int64_t ns);  // "20261121T124500Z"

}  // namespace weir
