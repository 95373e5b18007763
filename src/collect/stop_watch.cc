// SPDX-License-Identifier: Apache-2.0
#include "collect/stop_watch.h"

#include <algorithm>
#include <cstdlib>

#include "base/log.h"
#include "os/clock.h"

namespace weir {

static constexpr int kLookMs = 50;

StopWatch::StopWatch(os::Signals& signals, StopTime& time, int64_t max_ns)
    : signals_(signals), time_(time), last_part_ns_(max_ns / 4), end_ns_(os::monotonic_ns() + max_ns) {
  time_.set(end_ns_ - last_part_ns_);
  worker_.emplace("stop", [this](const std::stop_token& stop) { watch(stop); });
}

void StopWatch::watch(const std::stop_token& stop) {
  bool hurried = false;
  while (!stop.stop_requested()) {
    bool asked = signals_.wait(kLookMs) == os::Event::stop;
    if (asked && !hurried) {
      hurried = true;
      end_ns_ = std::min(end_ns_, os::monotonic_ns() + last_part_ns_);
      time_.hurry();
      log_warning("collect", "second stop signal: what is still queued is given up");
    }
    if (os::monotonic_ns() < end_ns_ || stop.stop_requested()) continue;
    log_error(
        "collect",
        "the stop did not end in time (collect.stop_timeout): ended as it is; what is lost is counted at the next "
        "start. Look at the disk (dmesg)");
    std::_Exit(1);
  }
}

}  // namespace weir
