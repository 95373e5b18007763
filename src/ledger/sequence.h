// SPDX-License-Identifier: Apache-2.0
// Following one stream's sequence numbers: what was lost, what came late, what came twice, and when the
// exporter started anew.
//
// The unit is the protocol's own: NetFlow v5 counts records, v9 datagrams (RFC 3954 §5.1), IPFIX data records
// (RFC 7011 §3.1). The number in a header is that of the first unit in the datagram, modulo 2^32.
//
// IPFIX counts records, so a data set without a template leaves the size of its message unknown. The gap that
// follows such a message is *unexplained*: it becomes explained as the held sets are decoded, and only what then
// remains was lost.
//
// Some exporters (softflowd's IPFIX) put the number *after* the datagram's own records into its header. That shows when
// a shorter datagram follows a longer one: the number is behind by exactly the difference. From then on the stream is
// read that way, and what had been taken for loss by the same difference is taken back.
//
//   threads  none; the owner locks
#pragma once

#include <array>
#include <cstdint>

#include "base/limits.h"

namespace weir {

// One datagram's header, in the terms above.
struct SequenceStep {
  uint32_t sequence = 0;
  uint32_t units = 0;       // that the datagram holds, as far as known
  bool units_known = true;  // false: it also holds data sets without a template
  bool has_uptime = false;  // v5, v9
  uint32_t uptime_ms = 0;
  uint32_t export_seconds = 0;
};

// What a step changes in the ledger.
struct SequenceChange {
  int64_t lost = 0;      // negative: units counted as lost before came after all
  int64_t given_up = 0;  // units that held sets which were given up must have held
  bool duplicate = false;
  bool restart = false;
};

class SequenceTracker {
 public:
  SequenceChange advance(const SequenceStep& step);

  // `sets` data sets that had no template, of this stream, were decoded to `units` records. Returns units that are
  // now known to be lost.
  int64_t explain(uint32_t sets, uint32_t units);
  // `sets` data sets were given up. Returns the units that they must have held, once no set is open.
  int64_t give_up(uint32_t sets);
  // A data set of the datagram that is about to be stepped is held.
  void hold() { ++open_sets_; }
  // It was decoded after all, before the step: its units are among the step's.
  void release() { open_sets_ -= open_sets_ > 0; }

  struct State {
    bool started = false;
    uint32_t next = 0;
    uint32_t uptime_ms = 0;
    uint32_t export_seconds = 0;
  };
  State state() const { return {started_, next_, uptime_ms_, export_seconds_}; }
  void restore(const State& state);

 private:
  struct Gap {
    uint32_t from = 0;
    uint32_t units = 0;  // 0: unused
    bool unexplained = false;
  };
  bool restarted(const SequenceStep& step, int32_t distance) const;
  SequenceChange behind(const SequenceStep& step);
  bool fits_other_style(const SequenceStep& step) const;
  SequenceChange change_style(const SequenceStep& step);
  void remember(const Gap& gap);
  void start(const SequenceStep& step);
  uint32_t first_unit(const SequenceStep& step) const { return step.sequence - (counts_own_ ? step.units : 0); }

  bool started_ = false;
  bool counts_own_ = false;  // the header's number is that after the datagram
  uint32_t newest_ = 0;      // number in the newest header
  uint32_t newest_units_ = 0;
  int64_t doubtful_ = 0;       // lost, if the exporter numbers as it should
  bool size_unknown_ = false;  // of the newest datagram
  uint32_t next_ = 0;
  uint32_t uptime_ms_ = 0;
  uint32_t export_seconds_ = 0;
  uint32_t open_sets_ = 0;
  int64_t unexplained_ = 0;
  std::array<Gap, limits::kSequenceGaps> gaps_{};
  uint32_t oldest_gap_ = 0;
};

}  // namespace weir
