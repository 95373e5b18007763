// SPDX-License-Identifier: Apache-2.0
// The columns of an entry as a table, over which JSON and catalog.db loop. Made from WEIR_LEDGER_COUNTERS.
#pragma once

#include <cstdint>
#include <string_view>

#include "ledger/ledger.h"

namespace weir {

struct LedgerColumn {
  std::string_view name;
  int64_t LedgerRow::* value;
};

inline constexpr LedgerColumn kEntryCounters[] = {
#define C(name, meaning) {#name, &LedgerRow::name},
    WEIR_LEDGER_COUNTERS(C)
#undef C
};

// What an entry contains besides its counters: times and gauges.
inline constexpr LedgerColumn kEntryStates[] = {
    {"first_seen_ns", &LedgerRow::first_seen_ns}, {"last_seen_ns", &LedgerRow::last_seen_ns},
    {"templates", &LedgerRow::templates},         {"clock_skew_ns", &LedgerRow::clock_skew_ns},
    {"sampling_rate", &LedgerRow::sampling_rate},
};

// The row that stands for every exporter beyond limits::kLedgerRows has no address.
inline std::string exporter_name(const IpAddress& exporter) {
  return exporter.is_zero() ? "other" : exporter.to_string();
}

}  // namespace weir
