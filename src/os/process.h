// SPDX-License-Identifier: Apache-2.0
// What the kernel reports about this process: the figures that every Prometheus client exposes as process_*.
#pragma once

#include <cstdint>

namespace weir::os {

struct ProcessFigures {
  double cpu_seconds = 0;  // user and system
  uint64_t resident_bytes = 0;
  uint64_t open_files = 0;
  uint64_t max_files = 0;
  double start_seconds = 0;  // since 1970 UTC
};

// Reads /proc/self; a figure that cannot be read is 0.
ProcessFigures process_figures();

// Raises the soft limit of open files to the hard one, for programs that do not call select(). Returns the limit in
// force; 0 if unknown.
uint64_t raise_open_files();
int64_t pid();

// The calling thread yields to all others (nice 10). Not lower than that, because it holds locks that they wait for.
void lower_thread_priority();

uint64_t physical_memory_bytes();  // of the machine; 0 if unknown

}  // namespace weir::os
