// SPDX-License-Identifier: Apache-2.0
// The subcommands of `weir`. Each takes the arguments after its name and returns the exit code (0 ok, 1 run-time
// failure, 2 usage or configuration); main prints any Error thrown.
#pragma once

#include "config/arguments.h"

namespace weir {

int run_collect(const Arguments& arguments);
int run_config(const Arguments& arguments);
int run_decode(const Arguments& arguments);
int run_docs(const Arguments& arguments);  // the name of a reference page
int run_exporters(const Arguments& arguments);
int run_filter(const Arguments& arguments);
int run_flows(const Arguments& arguments);
int run_gen(const Arguments& arguments);
int run_goflow2(const Arguments& arguments);
int run_query(const Arguments& arguments);
int run_replay(const Arguments& arguments);
int run_store(const Arguments& arguments);
int run_top(const Arguments& arguments);

}  // namespace weir
