// SPDX-License-Identifier: Apache-2.0
// Reads the kernel's clocks. Nanoseconds everywhere.
#pragma once

#include <cstdint>

namespace weir::os {

int64_t realtime_ns();   // since 1970-01-01 UTC
int64_t monotonic_ns();  // arbitrary origin, never goes back
int64_t boottime_ns();   // the same, but also counts while the machine is suspended
double process_cpu_seconds();
int64_t thread_cpu_ns();  // of the calling thread
void sleep_ns(int64_t ns);

}  // namespace weir::os
