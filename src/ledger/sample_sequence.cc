// SPDX-License-Identifier: Apache-2.0
#include "ledger/sample_sequence.h"

namespace weir {
namespace {

// A datagram may be this much older than the newest without its agent having begun anew.
constexpr uint32_t kReorderMs = 10'000;
// A jump further than this is no loss but another counter.
constexpr int32_t kMostLost = 1 << 28;

}  // namespace

UnitSequence::Step UnitSequence::place(uint32_t number) const {
  auto distance = static_cast<int32_t>(number - next_);
  if (distance == 0) return Step::next;
  if (distance > 0) return Step::ahead;
  for (const Gap& gap : gaps_)
    if (number - gap.from < gap.units) return Step::late;
  return Step::before;
}

int64_t UnitSequence::take(uint32_t number) {
  auto distance = static_cast<int32_t>(number - next_);
  if (distance > kMostLost) return start(number), 0;
  if (distance >= 0) {
    if (distance > 0) {
      Gap* oldest = &gaps_[0];
      for (Gap& gap : gaps_)
        if (gap.units == 0 || (oldest->units != 0 && static_cast<int32_t>(gap.from - oldest->from) < 0)) oldest = &gap;
      *oldest = {next_, static_cast<uint32_t>(distance)};
    }
    next_ = number + 1;
    return distance;
  }
  for (Gap& gap : gaps_) {
    uint32_t into = number - gap.from;
    if (into >= gap.units) continue;
    Gap rest{number + 1, gap.units - into - 1};
    gap.units = into;
    for (Gap& slot : gaps_)
      if (rest.units && slot.units == 0) slot = rest, rest.units = 0;
    return -1;
  }
  return 0;
}

SampleSequences::Source* SampleSequences::find(const Key& key, bool& added) {
  auto found = sources_.find(key);
  added = found == sources_.end();
  if (!added) return &found->second;
  if (sources_.size() >= most_ || !room_->take()) return nullptr;
  return &sources_[key];
}

SampleSequences::Datagram SampleSequences::datagram(const IpAddress& agent, uint32_t sequence, uint32_t uptime_ms) {
  agent_ = agent;
  late_ = false;
  start_ = 0;
  bool added = false;
  Source* source = find({agent, 0, 0, SampleKind::datagram}, added);
  if (!source) return {};
  uint32_t back = source->uptime_ms - uptime_ms;
  bool older = back != 0 && back < 0x8000'0000u;
  bool restart = false;
  if (!added) {
    UnitSequence::Step step = source->sequence.place(sequence);
    late_ = step == UnitSequence::Step::late;
    bool before = step == UnitSequence::Step::before;
    if (before && back <= kReorderMs) return {true, false};
    // The uptime went back, or it went on and the numbers did not.
    restart = (older && back > kReorderMs) || before;
  }
  if (restart) ++source->start, late_ = false;
  if (added || restart)
    source->sequence.start(sequence);
  else
    source->sequence.take(sequence);
  if (added || restart || !older) source->uptime_ms = uptime_ms;
  start_ = source->start;
  return {false, restart};
}

SampleSequences::Sample SampleSequences::sample(SampleKind kind, uint32_t type, uint32_t index, uint32_t sequence) {
  bool added = false;
  Source* source = find({agent_, type, index, kind}, added);
  if (!source) return {0, true};
  bool anew = added || source->start != start_;
  if (!anew && !late_) anew = source->sequence.place(sequence) == UnitSequence::Step::before;
  if (anew) {
    source->sequence.start(sequence);
    source->start = start_;
    return {};
  }
  return {source->sequence.take(sequence), false};
}

}  // namespace weir
