// SPDX-License-Identifier: Apache-2.0
// ReceiveClock: what time it is for whatever was received, and whether the system's clock may be believed.
//
// The yardstick is the newest time of receipt that is known to be right: at start that of the store, then that of the
// last datagrams; it goes on with a clock that nobody sets. The system's clock is *held*, that is not believed,
//   ahead   while it is more than a day, and more than half of `keep`, ahead of the yardstick: what is received has
//           its time all the same, for it may have been off for so long
//   behind  while it is more than a day behind it: what is received has the yardstick's time
// until it fits again, at most a day; then it is believed, and the yardstick begins anew from it. What is received
// meanwhile is to be marked; it does not move the yardstick. Without a yardstick every clock is believed.
//
//   threads  any
//   log      a line when it begins to be held, and one when that ends
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
    int64_t steady_ns = 0;  // of a clock that nobody sets and that goes on while the machine sleeps
  };
  static Times system_times();

  // `keep_ns`: how long flows are kept, 0: for ever. `times`: where now() and is_held() get them from.
  explicit ReceiveClock(int64_t keep_ns, std::function<Times()> times = system_times);

  // Flows are kept for another time from now on.
  void set_keep(int64_t keep_ns) { max_ahead_ns_.store(max_ahead_of(keep_ns), std::memory_order_relaxed); }

  // `newest_ns`: the yardstick at this moment, 0: none. Before any other use.
  void start_from(int64_t newest_ns);

  struct Reading {
    int64_t now_ns = 0;  // what a datagram would get that came now
    bool held = false;   // then nothing may be thought old by it
  };
  Reading now();
  bool is_held() { return now().held; }

  struct Stamp {
    int64_t correction_ns = 0;  // to be added to times of the system's clock
    bool held = false;          // to be marked
  };
  // Datagrams have come. Cheap: no lock while the clock is believed.
  Stamp receive(Times at);

  // Where the yardstick has begun anew since the last call: the time from which. Once for each time.
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
  // The yardstick as its distance from the steady clock: it goes on by itself.
  std::atomic<int64_t> offset_ns_{kUnknown};
  std::atomic<State> state_{State::believed};

  std::mutex mutex_;
  int64_t held_since_ns_ = 0;  // steady
  std::optional<int64_t> beginning_;
};

}  // namespace weir
