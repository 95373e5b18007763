// SPDX-License-Identifier: Apache-2.0
// The columns of an account as a table: what JSON, catalog.db and the text table loop over. Made from
// WEIR_ACCOUNT_COUNTERS; nothing lists the counters a second time.
#pragma once

#include <cstdint>
#include <string_view>

#include "ledger/ledger.h"

namespace weir {

struct AccountColumn {
  std::string_view name;
  int64_t AccountRow::* value;
};

inline constexpr AccountColumn kAccountCounters[] = {
#define C(name, meaning) {#name, &AccountRow::name},
    WEIR_ACCOUNT_COUNTERS(C)
#undef C
};

// What an account knows beside its counters: times and gauges.
inline constexpr AccountColumn kAccountStates[] = {
    {"first_seen_ns", &AccountRow::first_seen_ns}, {"last_seen_ns", &AccountRow::last_seen_ns},
    {"templates", &AccountRow::templates},         {"clock_skew_ns", &AccountRow::clock_skew_ns},
    {"sampling_rate", &AccountRow::sampling_rate},
};

// The row that stands for every exporter beyond limits::kLedgerRows has no address.
inline std::string exporter_name(const IpAddress& exporter) {
  return exporter.is_zero() ? "other" : exporter.to_string();
}

}  // namespace weir
