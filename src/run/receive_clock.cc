// SPDX-License-Identifier: Apache-2.0
#include "run/receive_clock.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/rfc3339.h"
#include "os/clock.h"

namespace weir {

static constexpr int64_t kHourNs = 3'600'000'000'000, kDayNs = 24 * kHourNs;
// If flows are kept forever, assume a month: a collector may have been off for a week.
static constexpr int64_t kMonthNs = 30 * kDayNs;
// Smaller steps and drifts do not move the yardstick, so that workers seldom write a value that all of them read.
static constexpr int64_t kSlackNs = 1'000'000;

static std::string length_text(int64_t ns) {
  if (ns < 3 * kDayNs) return std::to_string(ns / kHourNs) + " hours";
  return std::to_string(ns / kDayNs) + " days";
}

ReceiveClock::Times ReceiveClock::system_times() { return {os::realtime_ns(), os::boottime_ns()}; }

ReceiveClock::ReceiveClock(int64_t keep_ns, std::function<Times()> times)
    : max_ahead_ns_(max_ahead_of(keep_ns)), times_(std::move(times)) {}

int64_t ReceiveClock::max_ahead_of(int64_t keep_ns) { return std::max(kDayNs, (keep_ns > 0 ? keep_ns : kMonthNs) / 2); }

void ReceiveClock::start_from(int64_t newest_ns) {
  if (newest_ns > 0) offset_ns_ = newest_ns - times_().steady_ns;
}

ReceiveClock::State ReceiveClock::judge(int64_t offset_ns, int64_t yardstick_ns) const {
  if (yardstick_ns == kUnknown) return State::believed;
  if (offset_ns - yardstick_ns > max_ahead_ns_.load(std::memory_order_relaxed)) return State::ahead;
  return offset_ns - yardstick_ns < -kDayNs ? State::behind : State::believed;
}

ReceiveClock::Reading ReceiveClock::now() {
  const Times at = times_();
  std::lock_guard lock(mutex_);
  const State state = look(at);
  return {state == State::behind ? at.steady_ns + offset_ns_ : at.real_ns, state != State::believed};
}

ReceiveClock::Stamp ReceiveClock::receive(Times at) {
  const int64_t offset = at.real_ns - at.steady_ns, yardstick = offset_ns_.load(std::memory_order_relaxed);
  if (yardstick == kUnknown || state_.load(std::memory_order_relaxed) != State::believed ||
      judge(offset, yardstick) != State::believed)
    return receive_carefully(at);
  if (offset - yardstick > kSlackNs || yardstick - offset > kSlackNs)
    offset_ns_.store(offset, std::memory_order_relaxed);
  return {};
}

ReceiveClock::Stamp ReceiveClock::receive_carefully(Times at) {
  const int64_t offset = at.real_ns - at.steady_ns;
  std::lock_guard lock(mutex_);
  const State state = look(at);
  if (state == State::ahead) return {0, true};
  if (state == State::behind) return {offset_ns_ - offset, true};
  offset_ns_ = offset;
  return {};
}

ReceiveClock::State ReceiveClock::look(Times at) {
  const int64_t offset = at.real_ns - at.steady_ns;
  const State before = state_;
  State now = judge(offset, offset_ns_);
  if (before == State::believed) {
    if (now == State::believed) return now;
    held_since_ns_ = at.steady_ns;
  } else if (now == State::believed) {
    log_info("collect", "the clock agrees with the flows again, and is trusted");
  } else if (at.steady_ns - held_since_ns_ >= kDayNs) {
    log_warning("collect",
                "for a day nobody has set the clock: from now on it is believed, and what time it is goes by " +
                    rfc3339_ms(at.real_ns));
    offset_ns_ = offset;
    beginning_ = at.real_ns;
    now = State::believed;
  }
  if (now != State::believed && now != before) begin_hold(now, at, offset - offset_ns_);
  state_ = now;
  return now;
}

void ReceiveClock::begin_hold(State state, Times at, int64_t by_ns) {
  const bool ahead = state == State::ahead;
  log_warning("collect",
              "the clock says " + rfc3339_ms(at.real_ns) + ", " + length_text(ahead ? by_ns : -by_ns) +
                  (ahead ? " after" : " before") +
                  " what the newest flows say: it is not believed until it fits, for at most a day. Nothing is removed "
                  "for its age (store.keep), and flows are marked (time_quality 4)" +
                  (ahead ? "" : " and have the time of the newest ones, going on from there") +
                  "; set the clock, if it is wrong");
}

std::optional<int64_t> ReceiveClock::take_beginning() {
  std::lock_guard lock(mutex_);
  return std::exchange(beginning_, std::nullopt);
}

}  // namespace weir
