// SPDX-License-Identifier: Apache-2.0
#include "os/clock.h"

#include <time.h>

namespace weir::os {

static int64_t read(clockid_t id) {
  timespec t;
  clock_gettime(id, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}
int64_t realtime_ns() { return read(CLOCK_REALTIME); }
int64_t monotonic_ns() { return read(CLOCK_MONOTONIC); }
int64_t boottime_ns() { return read(CLOCK_BOOTTIME); }
double process_cpu_seconds() { return static_cast<double>(read(CLOCK_PROCESS_CPUTIME_ID)) / 1e9; }
int64_t thread_cpu_ns() { return read(CLOCK_THREAD_CPUTIME_ID); }
void sleep_ns(int64_t ns) {
  timespec t{ns / 1'000'000'000, ns % 1'000'000'000};
  nanosleep(&t, nullptr);
}

}  // namespace weir::os
