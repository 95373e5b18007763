// SPDX-License-Identifier: Apache-2.0
// StopWatch: ensures that a stop ends in time, and sooner if a second signal asks for it.
//
// Three quarters of the time are for what is queued; then StopTime is over, and the rest is given up. The last quarter
// is for finishing the open segments and saving the ledger. A process that is still running at its end (for example
// because a write does not return) is ended as by a crash, with exit code 1: the next run counts what was lost.
//
//   threads  one of its own, which is the only one that reads signals during the stop; it ends with its owner
#pragma once

#include <cstdint>
#include <optional>

#include "os/signals.h"
#include "run/stop_time.h"
#include "run/worker.h"

namespace weir {

class StopWatch {
 public:
  // The stop begins now and may take `max_ns`. Both outlive the watch.
  StopWatch(os::Signals& signals, StopTime& time, int64_t max_ns);

 private:
  void watch(const std::stop_token& stop);

  os::Signals& signals_;
  StopTime& time_;
  const int64_t last_part_ns_;
  int64_t end_ns_;  // monotonic
  std::optional<Worker> worker_;
};

}  // namespace weir
