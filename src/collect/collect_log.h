// SPDX-License-Identifier: Apache-2.0
// Writes the log lines of `weir collect` at its start and at its end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/options.h"
#include "http/server.h"
#include "ledger/ledger.h"
#include "output/output.h"

namespace weir {

// Sums over all exporters.
struct LedgerTotals {
  int64_t datagrams = 0, records = 0, stored = 0, dropped = 0, lost = 0;  // lost: each in its protocol's unit
  int64_t given_up_sets = 0;                                              // expired
};
LedgerTotals totals_of(const LedgerSnapshot& rows);

// What was given up when the collector stopped.
struct GivenUpAtStop {
  int64_t records = 0;    // that waited for the store or the output
  int64_t datagrams = 0;  // that were left in the sockets
  int64_t sets = 0;       // whose template never arrived
};
int64_t given_up_at_stop(const OutputStats& stats);

void say_starting(const std::string& data);
// Flows that the previous run had decoded but not yet stored when it ended.
void say_lost(int64_t records);
void say_started(const LoadedConfig& loaded, const LedgerSnapshot& ledger, unsigned workers, const HttpServer* http);
// `why`: "SIGTERM". Totals at the start of this process and at its end; how long the stop took.
void say_stopped(std::string_view why, const LedgerTotals& start, const LedgerTotals& end,
                 const GivenUpAtStop& given_up, int64_t took_ns);

}  // namespace weir
