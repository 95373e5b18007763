// SPDX-License-Identifier: Apache-2.0
// ReceiveClock: gives the time of receipt, and decides whether the system clock can be trusted.
//
// The yardstick is the newest time of receipt that is known to be right: at start that of the store, later that of the
// latest datagrams; in between it advances with a clock that cannot be set. The system clock is *held*, that is, not
// trusted,
//   ahead   while it is more than a day, and more than half of `keep`, ahead of the yardstick: received data still gets
//           the system time, because Weir may really have been off for so long
//   behind  while it is more than a day behind the yardstick: received data gets the yardstick's time
// until it agrees with the yardstick again. After a day it is trusted as it is: the yardstick starts again from it.
// Data received while the clock is held must be marked and does not move the yardstick. Without a yardstick every clock
// is trusted.
//
//   threads  any
//   log      one line when it starts to be held, or changes from ahead to behind or back, and one when that ends
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

namespace weir {

class ReceiveClock {
 public:
  struct Times {
    int64_t real_ns = 0;    // the system's time of day, since 1970 UTC
    int64_t steady_ns = 0;  // of a clock that cannot be set and that advances while the machine sleeps
  };
  static Times system_times();

  // `keep_ns`: how long flows are kept, 0: forever, which counts as a month here. `times`: the source of time for all
  // calls that are not given one.
  explicit ReceiveClock(int64_t keep_ns, std::function<Times()> times = system_times);

  // Changes how long flows are kept.
  void set_keep(int64_t keep_ns) { max_ahead_ns_.store(max_ahead_of(keep_ns), std::memory_order_relaxed); }

  // `newest_ns`: the yardstick at this moment, 0: none. Call it before any other use.
  void start_from(int64_t newest_ns);

  struct Reading {
    int64_t now_ns = 0;  // the time a datagram arriving now would get
    bool held = false;   // if true, nothing may be removed for its age by this time
  };
  Reading now();
  bool is_held() { return now().held; }

  struct Stamp {
    int64_t correction_ns = 0;  // to be added to times of the system's clock
    bool held = false;          // the received data must be marked
  };
  // Call when datagrams have arrived. Cheap: no lock while the clock is trusted.
  Stamp receive(Times at);

  // If the yardstick has started again from the system clock since the last call: the time from which. It is returned
  // once.
  std::optional<int64_t> take_beginning();

 private:
  enum class State : uint8_t { believed, ahead, behind };
  static constexpr int64_t kUnknown = INT64_MIN;

  State judge(int64_t offset_ns, int64_t yardstick_ns) const;
  State look(Times at);
  void begin_hold(State state, Times at, int64_t by_ns);
  Stamp receive_carefully(Times at);

  static int64_t max_ahead_of(int64_t keep_ns);

  std::atomic<int64_t> max_ahead_ns_;
  const std::function<Times()> times_;
  // The yardstick as its distance from the steady clock, so that it advances by itself.
  std::atomic<int64_t> offset_ns_{kUnknown};
  std::atomic<State> state_{State::believed};

  std::mutex mutex_;
  int64_t held_since_ns_ = 0;  // steady
  std::optional<int64_t> beginning_;
};

}  // namespace weir
