// SPDX-License-Identifier: Apache-2.0
// Follows one stream's sequence numbers: what was lost, what was late, what arrived twice, and when the exporter
// restarted.
//
// The unit is the protocol's own: NetFlow v5 counts records, v9 datagrams (RFC 3954 §5.1), IPFIX data records
// (RFC 7011 §3.1). The number in a header is that of the first unit in the datagram, modulo 2^32.
//
// IPFIX counts records, so a data set without a template leaves the size of its message unknown. The gap that
// follows such a message is *unexplained*: it becomes explained as the held sets are decoded, and only what then
// remains was lost. All unexplained gaps of a stream are kept as one sum. Once no set is open, and the gap after the
// last of these messages is known, what remains of the sum was lost; or, if any of the sets was given up, it is counted
// as their records, because losses among them cannot be distinguished.
//
// Some exporters (softflowd's IPFIX) put the number *after* the datagram's own records into its header. That becomes
// visible when a shorter datagram follows a longer one: the number is behind by exactly the difference. After that the
// stream is read that way, and what had been counted as lost because of the same difference is taken back.
//
//   threads  none; the owner locks
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/limits.h"

namespace weir {

// What a datagram's header says about its place in the stream.
struct SequenceHeader {
  uint32_t sequence = 0;
  bool has_uptime = false;  // v5, v7, v9
  uint32_t uptime_ms = 0;
  uint32_t export_seconds = 0;
};

// One whole datagram, in the terms above.
struct SequenceStep : SequenceHeader {
  uint32_t units = 0;       // in the datagram, as far as known
  bool units_known = true;  // false: it also contains data sets that are not decoded
  uint32_t held = 0;        // data sets that wait for their template
  uint32_t given_up = 0;    // data sets that will never be decoded
  bool repeated = false;    // is_repeated(), and it contains data: nothing of it counts
};

// What a step changes in the ledger.
struct SequenceChange {
  int64_t lost = 0;      // negative: units counted as lost before arrived after all
  int64_t given_up = 0;  // units that must have been in held sets which were given up; negative: they were not
  bool duplicate = false;
  bool restart = false;
};

class SequenceTracker {
 public:
  SequenceChange advance(const SequenceStep& step);

  // A data set of an earlier step, which had no template, was decoded to `units` records.
  SequenceChange explain(uint32_t units);
  // A data set of an earlier step was given up.
  SequenceChange give_up();

  // Whether the header shows that its exporter restarted after the newest datagram. More careful than advance(), which
  // only counts: numbers that do not go back, but lag behind the records, are those of an exporter that counts
  // differently.
  bool is_restart(const SequenceHeader& header) const;
  // Whether it shows a restart, or is further ahead than is accepted at once in a stream that loses some datagrams, or
  // is that far behind and in no gap: one datagram alone is not enough for that.
  bool is_far(const SequenceHeader& header) const;
  // Whether a datagram with that number has arrived before, as far as its number alone shows.
  bool is_repeated(const SequenceHeader& header) const;

  struct State {
    bool started = false;
    uint32_t next = 0;
    uint32_t uptime_ms = 0;
    uint32_t export_seconds = 0;
  };
  // What is not explained yet counts as still to come: a tracker that continues from this state finds it lost.
  State state() const { return {started_, next_ - static_cast<uint32_t>(unexplained_), uptime_ms_, export_seconds_}; }
  void restore(const State& state);

  // In addition to the object itself.
  size_t more_bytes() const { return gaps_ ? sizeof(Gaps) : 0; }

 private:
  enum class GapKind : uint8_t {
    lost,
    unexplained,
    settled,  // was unexplained; some of it was counted as lost, or as given up
  };
  struct Gap {
    uint32_t from = 0;
    uint32_t units = 0;  // 0: unused
    GapKind kind = GapKind::lost;
    bool after_unknown = false;  // the datagram before it has records of its first units: none other begins with them
  };
  bool uptime_went_back(const SequenceHeader& header) const;
  bool was_up_before(const SequenceHeader& header) const;
  bool fills_gap(const SequenceHeader& header) const;
  bool restarted(const SequenceStep& step, int32_t distance) const;
  SequenceChange behind(const SequenceStep& step);
  SequenceChange fill(Gap& gap, const SequenceStep& step);
  int64_t take(GapKind kind, uint32_t units, SequenceChange& change);
  bool fits_other_style(const SequenceStep& step) const;
  SequenceChange change_style(const SequenceStep& step);
  void settle(SequenceChange& change);
  void remember(const Gap& gap);
  std::span<Gap> gaps() { return gaps_ ? std::span<Gap>(*gaps_) : std::span<Gap>(); }
  std::span<const Gap> gaps() const { return gaps_ ? std::span<const Gap>(*gaps_) : std::span<const Gap>(); }
  void start(const SequenceStep& step);
  void start_over(const SequenceStep& step);
  uint32_t first_unit(const SequenceStep& step) const { return step.sequence - (counts_own_ ? step.units : 0); }

  // Members that every datagram needs come first.
  bool started_ = false;
  bool counts_own_ = false;     // the header's number is the one after the datagram
  bool size_unknown_ = false;   // of the newest datagram: the gap that follows it is unexplained
  bool any_to_settle_ = false;  // gaps_ has unexplained ones
  bool any_given_up_ = false;   // one of the sets that unexplained_ covers
  uint32_t newest_ = 0;         // number in the newest header
  uint32_t newest_units_ = 0;
  uint32_t next_ = 0;
  uint32_t uptime_ms_ = 0;
  uint32_t export_seconds_ = 0;
  int64_t open_sets_ = 0;    // sets that wait; below 0 while the datagram of a decoded set has not reached advance()
  int64_t unexplained_ = 0;  // in the gaps, less what was decoded; below 0 while the newest datagram's gap is not known
  int64_t doubtful_ = 0;     // counted as lost, which is right if the exporter numbers as it should
  // How much of the settled gaps was counted as lost and as given up: what of it arrives after all is taken back.
  int64_t settled_lost_ = 0, settled_given_up_ = 0;
  uint32_t oldest_gap_ = 0;
  using Gaps = std::array<Gap, limits::kSequenceGaps>;
  std::unique_ptr<Gaps> gaps_;  // allocated at the first gap: most streams have none, and the object stays small
};

}  // namespace weir
