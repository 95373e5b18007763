// SPDX-License-Identifier: Apache-2.0
// Shared by `weir query`, `weir top` and `weir flows`: which data, which time range, how much memory; running a query
// with Ctrl-C and a progress bar; reporting what could not be read.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "query/flow_query.h"
#include "query/result_print.h"

namespace weir {

// The arguments as given; empty if not given.
struct QueryFlags : PrintSettings {
  std::string data, since, until, time, zone, where, memory;
  unsigned threads = 0;
  bool counters = false;  // the statement may read the view of that name
};

void add_query_flags(CLI::App& app, QueryFlags& flags);
void add_table_flags(CLI::App& app, QueryFlags& flags);  // --expanded, --no-pager
// Throws usage_error naming the flag.
QuerySettings query_settings(const QueryFlags& flags);

// Opens the store, runs `work`, reports problems on standard error. Returns the exit code: 0, 1 if segments had to be
// skipped, 130 if interrupted.
int run_flow_query(const QueryFlags& flags, const std::function<void(FlowQuery&)>& work);

}  // namespace weir
