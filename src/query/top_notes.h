// SPDX-License-Identifier: Apache-2.0
// What `weir top` says beside its table about the flows that it counted: their times and their sampling rates.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "query/top.h"

namespace weir {

struct CountedFlows {
  uint64_t flows = 0;
  std::optional<int64_t> first_ms, last_ms;  // by the time that the request means; nullopt: no flow has one
  std::optional<int64_t> newest_ms;          // when the newest was received
  std::string smallest_rate, largest_rate;   // "": all are unknown
  uint64_t unknown_rates = 0;                // flows
};

// A statement whose one row counted_flows() takes.
std::string counted_flows_sql(TimeColumn time);
CountedFlows counted_flows(const std::vector<std::optional<std::string>>& row);

// "flows received from 2026-11-21 09:30:00 to 10:29:58 UTC; the newest is 3 h old". How old they are is said unless
// the range ended before now.
std::string times_note(const CountedFlows& counted, const TimeRange& range, const TimeContext& times);
// What to know about sums of flows with these sampling rates; "": nothing.
std::string rates_note(const CountedFlows& counted, bool scaled);

}  // namespace weir
