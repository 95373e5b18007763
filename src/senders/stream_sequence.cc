// SPDX-License-Identifier: Apache-2.0
#include "senders/stream_sequence.h"

#include <cstdlib>

namespace weir {
namespace {

// Two headers of one boot agree within this on when it was.
constexpr int64_t kSameBootMs = 5'000;
constexpr int64_t kClockMs = 1'000;  // export times have whole seconds
// A late datagram's number is this near to the next one that its boot would have had.
constexpr int64_t kNearUnits = 1 << 20;
// How far the datagram that confirms another is ahead of it, or behind: some may be lost between them, or overtaken.
constexpr int64_t kConfirmUnits = 1 << 12;

int64_t booted_ms(uint32_t export_seconds, uint32_t uptime_ms) { return int64_t{export_seconds} * 1000 - uptime_ms; }

int64_t boot_difference(const SequenceHeader& header, const SequenceTracker::State& state) {
  return std::abs(booted_ms(header.export_seconds, header.uptime_ms) -
                  booted_ms(state.export_seconds, state.uptime_ms));
}

int64_t distance(const SequenceHeader& header, const SequenceTracker::State& state) {
  return std::abs(int64_t{static_cast<int32_t>(header.sequence - state.next)});
}

}  // namespace

// With an uptime, the boot time decides. Without one: exported before the first datagram of the new boot, with a number
// near the old ones, which is not just the next one of the new boot.
bool StreamSequence::is_of_previous(const SequenceHeader& header) const {
  const SequenceTracker::State current = current_.state(), previous = previous_->state();
  if (header.has_uptime)
    return boot_difference(header, previous) <= kSameBootMs &&
           boot_difference(header, previous) + kClockMs < boot_difference(header, current);
  return header.export_seconds < booted_seconds_ && distance(header, previous) <= kNearUnits &&
         distance(header, current) != 0;
}

bool StreamSequence::is_believable(int64_t received_ns) const {
  return restarts_ < kMaxRestarts || received_ns - restarts_ns_[restarts_ % kMaxRestarts] > kPreviousBootNs;
}

StreamSequence::Arrival StreamSequence::arrive(const SequenceHeader& header, int64_t received_ns, bool confirmed) {
  if (previous_ && received_ns - previous_seen_ns_ > kPreviousBootNs) previous_.reset();
  if (previous_ && is_of_previous(header)) {
    if (header.has_uptime) previous_seen_ns_ = received_ns;
    return {boot_ - 1, false, previous_->is_repeated(header)};
  }
  const bool far = current_.is_far(header);
  if (far && !confirmed) return {.boot = boot_, .far = true};
  if (!far || !current_.is_restart(header) || !is_believable(received_ns))
    return {boot_, false, current_.is_repeated(header)};
  restarts_ns_[restarts_++ % kMaxRestarts] = received_ns;
  previous_ = std::make_unique<SequenceTracker>(std::move(current_));
  previous_seen_ns_ = received_ns;
  current_ = {};
  booted_seconds_ = header.export_seconds;
  return {++boot_, true};
}

bool StreamSequence::goes_on(const SequenceHeader& far, const SequenceHeader& later) const {
  SequenceTracker there;
  there.advance({far});
  if (distance(later, there.state()) > kConfirmUnits || there.is_far(later)) return false;
  if (current_.is_far(later)) return true;
  const SequenceTracker::State current = current_.state();
  if (later.has_uptime) return boot_difference(later, there.state()) + kClockMs < boot_difference(later, current);
  return later.export_seconds >= far.export_seconds && distance(later, current) != 0;
}

SequenceTracker* StreamSequence::tracker(uint32_t boot) {
  if (boot == boot_) return &current_;
  return boot + 1 == boot_ ? previous_.get() : nullptr;
}

SequenceChange StreamSequence::advance(const SequenceStep& step, uint32_t boot) {
  SequenceTracker* of_boot = tracker(boot);
  return of_boot ? of_boot->advance(step) : SequenceChange{};
}

SequenceChange StreamSequence::explain(uint32_t boot, uint32_t units) {
  SequenceTracker* of_boot = tracker(boot);
  return of_boot ? of_boot->explain(units) : SequenceChange{};
}

SequenceChange StreamSequence::give_up(uint32_t boot) {
  SequenceTracker* of_boot = tracker(boot);
  return of_boot ? of_boot->give_up() : SequenceChange{};
}

}  // namespace weir
