// SPDX-License-Identifier: Apache-2.0
// A stream's sequence numbers over restarts of its exporter: the boot that runs, and for a while the one before it,
// whose last datagrams may come after the first of the new.
//
// Boots are numbered, for templates belong to one: what was learned before a restart says nothing of what is sent after
// it (templates/session_plans.h).
//
//   memory   one tracker; a second one after a restart, for kPreviousBootNs; with uptimes, which are surer, for so long
//            after the last datagram of that boot
//   threads  none; the owner locks
#pragma once

#include <array>
#include <memory>

#include "senders/sequence.h"

namespace weir {

class StreamSequence {
 public:
  explicit StreamSequence(uint32_t boot = 0) : boot_(boot) {}

  struct Arrival {
    uint32_t boot = 0;
    bool restart = false;   // the first datagram of this boot, which is not the first one
    bool repeated = false;  // by its number it was here before: its held sets are not to be counted again
    bool far = false;       // where it belongs is not known yet; nothing has changed
  };
  // To be asked before a datagram's sets are read. `received_ns` is any clock that goes on; only differences count.
  // A restart, or a number far from the stream's, is taken for one only where it is `confirmed`: anyone can forge a
  // header.
  Arrival arrive(const SequenceHeader& header, int64_t received_ns, bool confirmed);

  // Whether `later` goes on from where a far datagram stands, and so confirms it. It may be near to both.
  bool goes_on(const SequenceHeader& far, const SequenceHeader& later) const;

  // To be told after that; `boot` as arrive() gave it. Also explain() and give_up(), for sets of that boot.
  SequenceChange advance(const SequenceStep& step, uint32_t boot);
  SequenceChange explain(uint32_t boot, uint32_t units);
  SequenceChange give_up(uint32_t boot);

  uint32_t boot() const { return boot_; }
  SequenceTracker::State state() const { return current_.state(); }
  void restore(const SequenceTracker::State& state) { current_.restore(state); }

  // Beside itself.
  size_t more_bytes() const {
    return current_.more_bytes() + (previous_ ? sizeof(SequenceTracker) + previous_->more_bytes() : 0);
  }

  static constexpr int64_t kPreviousBootNs = 60ll * 1'000'000'000;
  // An exporter does not boot more often than this in kPreviousBootNs: those are several behind one address and port,
  // or one that numbers wrongly. Such restarts are counted, but its templates stay.
  static constexpr size_t kMaxRestarts = 3;

 private:
  bool is_of_previous(const SequenceHeader& header) const;
  bool is_believable(int64_t received_ns) const;
  SequenceTracker* tracker(uint32_t boot);

  uint32_t boot_;
  std::unique_ptr<SequenceTracker> previous_;
  SequenceTracker current_;
  // Of restarts only:
  int64_t previous_seen_ns_ = 0;
  uint32_t booted_seconds_ = 0;  // export time of the first datagram of the current boot
  std::array<int64_t, kMaxRestarts> restarts_ns_{};
  size_t restarts_ = 0;
};

}  // namespace weir
