// SPDX-License-Identifier: Apache-2.0
#include "ledger/sequence.h"

#include <algorithm>

namespace weir {
namespace {

// A datagram may be this much older than the newest without its exporter having restarted.
constexpr uint32_t kReorderMs = 10'000;
constexpr uint32_t kReorderSeconds = 1;
// A jump further than this is no loss but another counter.
constexpr int32_t kMostLost = 1 << 28;

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

// The uptime going back tells a restart (unless it wrapped, after 49.7 days, and the numbers go on). Without it:
// numbers that go back while the exporter's clock goes on.
bool SequenceTracker::restarted(const SequenceStep& step, int32_t distance) const {
  if (distance > kMostLost || distance < -kMostLost) return true;
  if (step.has_uptime) {
    uint32_t back = uptime_ms_ - step.uptime_ms;
    bool went_back = back > kReorderMs && back < 0x8000'0000u;
    if (went_back) return true;
  }
  return distance < 0 && step.export_seconds > export_seconds_ + kReorderSeconds;
}

SequenceChange SequenceTracker::advance(const SequenceStep& step) {
  if (!started_) {
    start(step);
    return {};
  }
  int32_t distance = static_cast<int32_t>(first_unit(step) - next_);
  bool other_style = distance != 0 && fits_other_style(step);
  if (other_style && distance < 0) return change_style(step);
  if (distance != 0 && restarted(step, distance)) {
    gaps_ = {};
    start(step);
    return {0, 0, false, true};
  }
  if (distance < 0) return behind(step);
  SequenceChange change;
  if (distance > 0) {
    if (other_style) doubtful_ += distance;
    bool unexplained = size_unknown_ && open_sets_ > 0;
    if (unexplained)
      unexplained_ += distance;
    else
      (size_unknown_ ? change.given_up : change.lost) = distance;
    if (!size_unknown_ || unexplained) remember({next_, static_cast<uint32_t>(distance), unexplained});
  }
  start(step);
  return change;
}

// Whether the datagram follows the newest one without a gap, were the numbers meant the other way.
bool SequenceTracker::fits_other_style(const SequenceStep& step) const {
  if (!step.units_known || size_unknown_ || step.units == 0) return false;
  if (counts_own_) return step.sequence == newest_ + newest_units_;
  return step.sequence - step.units == newest_;
}

SequenceChange SequenceTracker::change_style(const SequenceStep& step) {
  counts_own_ = !counts_own_;
  SequenceChange change;
  change.lost = -doubtful_;
  doubtful_ = 0;
  gaps_ = {};
  start(step);
  return change;
}

// Behind the newest: late, if it fills a gap; else it came before.
SequenceChange SequenceTracker::behind(const SequenceStep& step) {
  for (Gap& gap : gaps_) {
    uint32_t into = first_unit(step) - gap.from;
    if (into >= gap.units) continue;
    if (!step.units_known && !gap.unexplained) {  // late, and of unknown size: so is what it leaves of the gap
      unexplained_ += gap.units;
      gap.unexplained = true;
      return {-static_cast<int64_t>(gap.units), 0, false, false};
    }
    uint32_t filled = std::min(step.units, gap.units - into);
    if (filled == 0) break;  // nothing countable in it: neither late nor twice
    Gap rest{first_unit(step) + filled, gap.units - into - filled, gap.unexplained};
    bool unexplained = gap.unexplained;
    gap.units = into;
    if (rest.units) remember(rest);
    if (unexplained) {
      unexplained_ -= filled;
      return {};
    }
    return {-static_cast<int64_t>(filled), 0, false, false};
  }
  return {0, 0, step.units > 0, false};
}

void SequenceTracker::remember(const Gap& gap) {
  for (Gap& slot : gaps_) {
    if (slot.units) continue;
    slot = gap;
    return;
  }
  gaps_[oldest_gap_++ % gaps_.size()] = gap;
}

int64_t SequenceTracker::explain(uint32_t sets, uint32_t units) {
  open_sets_ -= std::min(open_sets_, sets);
  // The newest datagram's own sets: no later datagram has shown a gap for them yet.
  if (open_sets_ == 0 && size_unknown_ && unexplained_ < int64_t{units}) {
    next_ += static_cast<uint32_t>(int64_t{units} - unexplained_);
    unexplained_ = units;
  }
  unexplained_ -= units;
  if (open_sets_ > 0) return 0;
  size_unknown_ = false;
  int64_t lost = std::max<int64_t>(unexplained_, 0);
  unexplained_ = 0;
  for (Gap& gap : gaps_)
    if (gap.unexplained) gap.units = 0;
  return lost;
}

int64_t SequenceTracker::give_up(uint32_t sets) {
  open_sets_ -= std::min(open_sets_, sets);
  if (open_sets_ > 0) return 0;
  int64_t units = std::max<int64_t>(unexplained_, 0);
  unexplained_ = 0;
  for (Gap& gap : gaps_)
    if (gap.unexplained) gap.units = 0;
  return units;
}

}  // namespace weir
