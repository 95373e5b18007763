// SPDX-License-Identifier: Apache-2.0
#include "senders/sample_sequence.h"

#include <algorithm>
#include <cstdlib>

namespace weir {
namespace {

using Step = DatagramSequence::Step;

// A datagram may be this much older than the newest without a restart of its agent.
constexpr uint32_t kReorderMs = 10'000;
// Datagrams that may be missing before one that is trusted at once, or between one and the one that confirms it.
constexpr int32_t kFarAhead = 1 << 12;
// A longer jump than this is not a loss but another counter.
constexpr int32_t kMaxLost = 1 << 28;

}  // namespace

Step DatagramSequence::place(uint32_t number) const {
  auto distance = static_cast<int32_t>(number - next_);
  if (distance == 0) return Step::next;
  if (distance > 0) return Step::ahead;
  bool fills = std::ranges::any_of(gaps_, [&](const Gap& gap) { return number - gap.from < gap.units; });
  return fills ? Step::late : Step::before;
}

bool DatagramSequence::is_far_ahead(uint32_t number) const { return static_cast<int32_t>(number - next_) > kFarAhead; }

void DatagramSequence::take(uint32_t number) {
  auto distance = static_cast<int32_t>(number - next_);
  if (distance < 0) return fill(number);
  if (distance > kMaxLost) return start(number);
  if (distance > 0) remember({next_, static_cast<uint32_t>(distance)});
  next_ = number + 1;
}

// Replaces the oldest gap if there are too many.
void DatagramSequence::remember(const Gap& gap) {
  auto age = [&](const Gap& slot) { return slot.units == 0 ? UINT32_MAX : next_ - slot.from; };
  *std::ranges::max_element(gaps_, {}, age) = gap;
}

void DatagramSequence::fill(uint32_t number) {
  for (Gap& gap : gaps_) {
    uint32_t into = number - gap.from;
    if (into >= gap.units) continue;
    Gap rest{number + 1, gap.units - into - 1};
    gap.units = into;
    if (rest.units) remember(rest);
    return;
  }
}

// Near the end of the previous boot, and far from where the current one is.
bool SampleSequences::is_of_former(const Agent& agent, uint32_t sequence, uint32_t uptime_ms) {
  if (!agent.former) return false;
  uint32_t ahead = uptime_ms - agent.now.uptime_ms, behind = agent.now.uptime_ms - uptime_ms;
  bool is_near = ahead <= kReorderMs || behind <= kReorderMs;
  if (is_near || agent.former->uptime_ms - uptime_ms > kReorderMs) return false;
  Step place = agent.former->sequence.place(sequence);
  return place == Step::late || place == Step::before;
}

// The uptime went back, or it advanced and the numbers did not.
bool SampleSequences::is_restart(const Boot& now, Step place, uint32_t uptime_ms) {
  const uint32_t back = now.uptime_ms - uptime_ms;
  const bool is_older = back != 0 && back < 0x8000'0000u;
  return (is_older && back > kReorderMs) || (place == Step::before && back > kReorderMs);
}

bool SampleSequences::is_far(const IpAddress& address, uint32_t sequence, uint32_t uptime_ms) const {
  auto found = agents_.find(address);
  if (found == agents_.end()) return false;
  const Agent& agent = found->second;
  const DatagramSequence& numbers = agent.now.sequence;
  const bool far = numbers.is_far_ahead(sequence) || is_restart(agent.now, numbers.place(sequence), uptime_ms);
  return far && !is_of_former(agent, sequence, uptime_ms);
}

bool SampleSequences::goes_on(const IpAddress& address, const SequenceHeader& far, const SequenceHeader& later) const {
  auto apart = [](uint32_t a, uint32_t b) { return std::abs(int64_t{static_cast<int32_t>(a - b)}); };
  if (apart(later.sequence, far.sequence) > kFarAhead) return false;
  if (static_cast<int32_t>(far.uptime_ms - later.uptime_ms) > int32_t{kReorderMs}) return false;
  if (is_far(address, later.sequence, later.uptime_ms)) return true;
  auto found = agents_.find(address);
  return found != agents_.end() &&
         apart(later.uptime_ms, far.uptime_ms) < apart(later.uptime_ms, found->second.now.uptime_ms);
}

SampleSequences::Datagram SampleSequences::step(Agent& agent, uint32_t sequence, uint32_t uptime_ms, bool& late) {
  if (is_of_former(agent, sequence, uptime_ms)) {
    bool again = agent.former->sequence.place(sequence) == Step::before;
    agent.former->sequence.take(sequence);
    return {.follow = false, .duplicate = again};
  }
  Boot& now = agent.now;
  Step place = now.sequence.place(sequence);
  if (is_restart(now, place, uptime_ms)) {
    agent.former = std::make_unique<Boot>(now);
    now = {{}, uptime_ms, uptime_ms};
    now.sequence.start(sequence);
    ++agent.boot;
    return {.restart = true};
  }
  if (place == Step::before) return {.follow = false, .duplicate = true};
  now.sequence.take(sequence);
  if (uptime_ms - now.uptime_ms < 0x8000'0000u) now.uptime_ms = uptime_ms;
  if (now.uptime_ms - now.first_uptime_ms > kReorderMs) agent.former.reset();
  late = place == Step::late;
  return {};
}

SampleSequences::Datagram SampleSequences::datagram(const IpAddress& address, uint32_t sequence, uint32_t uptime_ms) {
  agent_ = address;
  late_ = false;
  boot_ = 0;
  Datagram result;
  if (auto found = agents_.find(address); found != agents_.end()) {
    result = step(found->second, sequence, uptime_ms, late_);
    boot_ = found->second.boot;
  } else if (take_source()) {
    Boot& now = agents_[address].now;
    now.first_uptime_ms = now.uptime_ms = uptime_ms;
    now.sequence.start(sequence);
  }
  return result;
}

SampleSequences::Sample SampleSequences::sample(SampleKind kind, uint32_t type, uint32_t index, uint32_t sequence) {
  Key key{agent_, type, index, kind};
  auto found = sources_.find(key);
  if (found == sources_.end()) {
    if (!take_source()) return {0, true};
    sources_[key] = {sequence, sequence + 1, boot_};
    return {};
  }
  Source& source = found->second;
  auto distance = static_cast<int32_t>(sequence - source.next);
  bool is_same_boot = source.boot == boot_;
  if (is_same_boot && late_ && distance < 0)
    return {sequence - source.first < source.next - source.first ? -1 : 0, false};
  bool goes_on = is_same_boot && distance >= 0 && distance <= kMaxLost;
  source = {goes_on ? source.first : sequence, sequence + 1, boot_};
  return {goes_on ? distance : 0, false};
}

}  // namespace weir
