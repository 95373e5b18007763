// SPDX-License-Identifier: Apache-2.0
// Counter samples as text, a line each: JSON with what the agent said, CSV with every column of wire/counter_fields.h.
//
//   threads  one at a time
#pragma once

#include <string>

#include "wire/sflow_counters.h"

namespace weir {

// Appends one line. Times as time_received_ns, ns since 1970 UTC.
void write_counter_json(const CounterSample& sample, std::string& out);
void write_counter_csv(const CounterSample& sample, std::string& out);  // what is absent is empty
void write_counter_csv_header(std::string& out);

}  // namespace weir
