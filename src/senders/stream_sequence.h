// SPDX-License-Identifier: Apache-2.0
// Follows a stream's sequence numbers across restarts of its exporter: the current boot, and for a while the one before
// it, whose last datagrams may arrive after the first of the new one.
//
// Boots are numbered, because templates belong to one: what was learned before a restart says nothing about what is
// sent after it (templates/session_plans.h).
//
//   memory   one tracker; a second one after a restart, for kPreviousBootNs; with uptimes, which are more reliable,
//            for that long after the last datagram of that boot
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
    bool restart = false;   // the first datagram of this boot, which is not the stream's first boot
    bool repeated = false;  // by its number it arrived before: its held sets must not be counted again
    bool far = false;       // where it belongs is not known yet; nothing has changed
  };
  // To be called before a datagram's sets are read. `received_ns` is any clock that advances; only differences count. A
  // restart, or a number far from the stream's, is accepted only if it is `confirmed`: anyone can forge a header.
  Arrival arrive(const SequenceHeader& header, int64_t received_ns, bool confirmed);

  // Whether `later` continues after a far datagram, and so confirms it. It may be near to the stream, too.
  bool goes_on(const SequenceHeader& far, const SequenceHeader& later) const;

  // To be called after that; `boot` as arrive() returned it. Also explain() and give_up(), for sets of that boot.
  SequenceChange advance(const SequenceStep& step, uint32_t boot);
  SequenceChange explain(uint32_t boot, uint32_t units);
  SequenceChange give_up(uint32_t boot);

  uint32_t boot() const { return boot_; }
  SequenceTracker::State state() const { return current_.state(); }
  void restore(const SequenceTracker::State& state) { current_.restore(state); }

  // In addition to the object itself.
  size_t more_bytes() const {
    return current_.more_bytes() + (previous_ ? sizeof(SequenceTracker) + previous_->more_bytes() : 0);
  }

  static constexpr int64_t kPreviousBootNs = 60ll * 1'000'000'000;
  // An exporter does not restart more often than this in kPreviousBootNs: otherwise there are several behind one
  // address and port, or one that numbers wrongly. Such restarts are counted, but the templates stay.
  static constexpr size_t kMaxRestarts = 3;

 private:
  bool is_of_previous(const SequenceHeader& header) const;
  bool is_believable(int64_t received_ns) const;
  SequenceTracker* tracker(uint32_t boot);

  uint32_t boot_;
  std::unique_ptr<SequenceTracker> previous_;
  SequenceTracker current_;
  // Used for restarts only:
  int64_t previous_seen_ns_ = 0;
  uint32_t booted_seconds_ = 0;  // export time of the first datagram of the current boot
  std::array<int64_t, kMaxRestarts> restarts_ns_{};
  size_t restarts_ = 0;
};

}  // namespace weir
