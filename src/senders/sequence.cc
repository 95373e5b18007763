// SPDX-License-Identifier: Apache-2.0
#include "senders/sequence.h"

#include <algorithm>
#include <cstdlib>

namespace weir {
namespace {

// A datagram may be this much older than the newest without a restart of its exporter.
constexpr uint32_t kReorderMs = 10'000;
constexpr uint32_t kReorderSeconds = 1;
// Two headers of one boot agree within this on when it was: the clock has seconds, and may be set now and then.
constexpr int64_t kSameBootMs = 5'000;
// Numbers that are no further ahead than this may belong to the same count.
constexpr int32_t kNumbersGoOn = 1 << 16;
// Units that may be missing before a datagram that is trusted at once, or by which one may be late.
constexpr int32_t kFar = 1 << 12;
// A longer jump than this is not a loss but another counter.
constexpr int32_t kMaxLost = 1 << 28;

}  // namespace

void SequenceTracker::restore(const State& state) {
  *this = {};
  started_ = state.started;
  next_ = newest_ = state.next;
  uptime_ms_ = state.uptime_ms;
  export_seconds_ = state.export_seconds;
}

void SequenceTracker::start(const SequenceStep& step) {
  started_ = true;
  newest_ = step.sequence;
  newest_units_ = step.units;
  next_ = first_unit(step) + step.units;
  uptime_ms_ = step.uptime_ms;
  export_seconds_ = step.export_seconds;
  size_unknown_ = !step.units_known;
}

void SequenceTracker::start_over(const SequenceStep& step) {
  gaps_.reset();
  unexplained_ = settled_lost_ = settled_given_up_ = 0;
  start(step);
}

// By far, and by more than the export times do: otherwise the datagram is only late. (Uptimes wrap after 49.7 days.)
bool SequenceTracker::uptime_went_back(const SequenceHeader& header) const {
  uint32_t back = uptime_ms_ - header.uptime_ms;
  if (back <= kReorderMs || back >= 0x8000'0000u) return false;
  int64_t later_ms = (int64_t{header.export_seconds} - export_seconds_) * 1000;
  return std::abs(int64_t{back} + later_ms) > kSameBootMs;
}

// Whether its exporter, by its uptime, was already up when the newest datagram was sent. Cards of one router whose
// uptimes differ look like this, if the numbers continue.
bool SequenceTracker::was_up_before(const SequenceHeader& header) const {
  int64_t later_ms = (int64_t{header.export_seconds} - export_seconds_) * 1000;
  return later_ms >= 0 && header.uptime_ms > later_ms + kSameBootMs;
}

bool SequenceTracker::fills_gap(const SequenceHeader& header) const {
  return std::ranges::any_of(gaps(), [&](const Gap& gap) { return header.sequence - gap.from < gap.units; });
}

bool SequenceTracker::is_restart(const SequenceHeader& header) const {
  if (!started_) return false;
  int32_t distance = static_cast<int32_t>(header.sequence - next_);
  if (distance == 0) return false;
  if (distance > kMaxLost || distance < -kMaxLost) return true;
  if (header.has_uptime && uptime_went_back(header))
    return !was_up_before(header) || distance < 0 || distance > kNumbersGoOn;
  if (header.has_uptime && fills_gap(header)) return false;
  bool number_went_back = static_cast<int32_t>(header.sequence - newest_) < 0;
  return number_went_back && header.export_seconds > export_seconds_ + kReorderSeconds;
}

bool SequenceTracker::is_far(const SequenceHeader& header) const {
  if (!started_ || header.sequence == next_) return false;
  const int32_t distance = static_cast<int32_t>(header.sequence - next_);
  return distance > kFar || (distance < -kFar && !fills_gap(header)) || is_restart(header);
}

bool SequenceTracker::is_repeated(const SequenceHeader& header) const {
  if (!started_ || counts_own_ || header.export_seconds > export_seconds_ + kReorderSeconds) return false;
  if (header.sequence == newest_ && size_unknown_) return true;
  // Between the newest number and the next: no datagram had this number, but it may be one of the other style.
  if (header.sequence == next_ || static_cast<int32_t>(header.sequence - newest_) > 0) return false;
  for (const Gap& gap : gaps()) {
    uint32_t into = header.sequence - gap.from;
    if (into < gap.units) return into == 0 && gap.after_unknown;
  }
  return true;
}

// An uptime that goes back shows a restart (unless it wrapped, after 49.7 days, and the numbers continue). Otherwise:
// numbers that go back while the exporter's clock advances.
bool SequenceTracker::restarted(const SequenceStep& step, int32_t distance) const {
  if (distance > kMaxLost || distance < -kMaxLost) return true;
  if (step.has_uptime && uptime_went_back(step)) return true;
  return distance < 0 && step.export_seconds > export_seconds_ + kReorderSeconds;
}

SequenceChange SequenceTracker::advance(const SequenceStep& step) {
  if (step.repeated) return {.duplicate = true};
  int32_t distance = static_cast<int32_t>(first_unit(step) - next_);
  bool other_style = distance != 0 && fits_other_style(step);
  bool first = !started_,
       restart = !first && !(other_style && distance < 0) && distance != 0 && restarted(step, distance);
  SequenceChange change;
  if (first || restart) {
    start_over(step);
    change.restart = restart;
  } else if (other_style && distance < 0) {
    change = change_style(step);
  } else if (distance < 0) {
    change = behind(step);
  } else if (size_unknown_) {  // what its sets contained is known now, and with it what was lost
    unexplained_ += distance;
    if (distance > 0) remember({next_, static_cast<uint32_t>(distance), GapKind::unexplained, true});
    size_unknown_ = false;
    settle(change);
    start(step);
  } else {
    change.lost = distance;
    if (other_style) doubtful_ += distance;
    if (distance > 0) remember({next_, static_cast<uint32_t>(distance), GapKind::lost, false});
    start(step);
  }
  open_sets_ += step.held;
  any_given_up_ |= step.given_up > 0;
  settle(change);
  return change;
}

// Whether the datagram follows the newest one without a gap if the numbers are read in the other style.
bool SequenceTracker::fits_other_style(const SequenceStep& step) const {
  if (!started_ || !step.units_known || size_unknown_ || step.units == 0) return false;
  if (counts_own_) return step.sequence == newest_ + newest_units_;
  return step.sequence - step.units == newest_;
}

SequenceChange SequenceTracker::change_style(const SequenceStep& step) {
  counts_own_ = !counts_own_;
  SequenceChange change;
  change.lost = -doubtful_;
  doubtful_ = 0;
  gaps_.reset();
  start(step);
  return change;
}

// Behind the newest: late, if it fills a gap; otherwise it arrived before.
SequenceChange SequenceTracker::behind(const SequenceStep& step) {
  for (Gap& gap : gaps()) {
    uint32_t into = first_unit(step) - gap.from;
    if (into >= gap.units) continue;
    if (into == 0 && gap.after_unknown) break;  // the message before the gap, again
    return fill(gap, step);
  }
  SequenceChange change;
  change.duplicate = step.units > 0;
  return change;
}

SequenceChange SequenceTracker::fill(Gap& gap, const SequenceStep& step) {
  uint32_t into = first_unit(step) - gap.from;
  uint32_t filled = std::min(step.units, gap.units - into);
  if (filled == 0 && step.units_known) return {};  // nothing countable in it: neither late nor repeated
  Gap rest{first_unit(step) + filled, gap.units - into - filled, gap.kind, !step.units_known};
  gap.units = into;
  SequenceChange change;
  take(gap.kind, filled, change);
  if (!step.units_known && rest.kind != GapKind::unexplained) {  // late and of unknown size: so is what follows it
    unexplained_ += take(rest.kind, rest.units, change);
    rest.kind = GapKind::unexplained;
  }
  if (rest.units) remember(rest);
  return change;
}

// `units` of a gap of that kind arrived after all. Returns how many of them had been counted as lost or given up, and
// no longer are.
int64_t SequenceTracker::take(GapKind kind, uint32_t units, SequenceChange& change) {
  if (kind == GapKind::unexplained) {
    unexplained_ -= units;
    return 0;
  }
  int64_t lost = kind == GapKind::lost ? units : std::min<int64_t>(units, settled_lost_);
  int64_t given_up = kind == GapKind::lost ? 0 : std::min<int64_t>(units - lost, settled_given_up_);
  if (kind == GapKind::settled) settled_lost_ -= lost, settled_given_up_ -= given_up;
  change.lost -= lost;
  change.given_up -= given_up;
  return lost + given_up;
}

void SequenceTracker::remember(const Gap& gap) {
  any_to_settle_ |= gap.kind == GapKind::unexplained;
  if (!gaps_) gaps_ = std::make_unique<Gaps>();
  for (Gap& slot : gaps()) {
    if (slot.units) continue;
    slot = gap;
    return;
  }
  (*gaps_)[oldest_gap_++ % gaps_->size()] = gap;
}

SequenceChange SequenceTracker::explain(uint32_t units) {
  SequenceChange change;
  --open_sets_;
  unexplained_ -= units;
  settle(change);
  return change;
}

SequenceChange SequenceTracker::give_up() {
  SequenceChange change;
  --open_sets_;
  any_given_up_ = true;
  settle(change);
  return change;
}

// If no set is open: what remains of the unexplained gaps was lost, or was in sets that were given up. If the newest
// datagram is of unknown size, this waits until the gap after it is known.
void SequenceTracker::settle(SequenceChange& change) {
  if (open_sets_ != 0 || size_unknown_) return;
  if (unexplained_ == 0 && !any_given_up_ && !any_to_settle_) return;  // as for nearly every datagram
  int64_t rest = std::max<int64_t>(unexplained_, 0);
  (any_given_up_ ? change.given_up : change.lost) += rest;
  (any_given_up_ ? settled_given_up_ : settled_lost_) += rest;
  unexplained_ = 0;
  any_given_up_ = any_to_settle_ = false;
  for (Gap& gap : gaps()) {
    if (gap.kind != GapKind::unexplained) continue;
    gap.kind = GapKind::settled;
    if (settled_lost_ + settled_given_up_ == 0) gap.units = 0;
  }
}

}  // namespace weir
