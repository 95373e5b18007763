// SPDX-License-Identifier: Apache-2.0
// Writes counter samples as text, one line each: JSON with the counters that the agent sent, CSV with every column of
// wire/counter_fields.h.
//
//   threads  one at a time
#pragma once

#include <string>

#include "wire/sflow_counters.h"

namespace weir {

// Appends one line. Times as time_received_ns, ns since 1970 UTC.
void write_counter_json(const CounterSample& sample, std::string& out);
void write_counter_csv(const CounterSample& sample, std::string& out);  // absent values are empty
void write_counter_csv_header(std::string& out);

}  // namespace weir
