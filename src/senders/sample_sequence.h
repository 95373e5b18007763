// SPDX-License-Identifier: Apache-2.0
// Follows the sequence numbers of sFlow, to find which samples were lost. Every data source of an agent numbers its
// flow samples, its counter samples and its discarded packets separately; a sample's number is one more than that of
// the sample before. The datagram's own number shows which datagrams are late or repeated, so that the samples of a
// late one are recognised as those counted as lost before. If the agent's uptime goes back, all numbers start again.
// Otherwise, a source whose numbers go back in a datagram that is not late has started again (a new sampling rate does
// that) and lost nothing. Datagrams from before a restart that arrive after it are recognised for a while, so that they
// are not taken for another restart; what was lost of that boot has been counted by then.
//
//   in       per datagram its header, then the numbers of its samples
//   threads  none; the owner locks
//   memory   about 60 octets per source and 200 per agent (300 after a restart), limits::kSampleSourcesPerStream of
//            both in one stream and kSampleSources of all that share a SampleSourceCapacity; samples of further sources
//            are not followed, and counted as refused
#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "base/ip_address.h"
#include "base/limits.h"
#include "senders/sequence.h"

namespace weir {

// The number of sources that all streams together may still add.
class SampleSourceCapacity {
 public:
  explicit SampleSourceCapacity(size_t limit = limits::kSampleSources) : left_(static_cast<int64_t>(limit)) {}
  bool take() {
    if (left_.fetch_sub(1, std::memory_order_relaxed) > 0) return true;
    give_back(1);
    return false;
  }
  void give_back(int64_t n) { left_.fetch_add(n, std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> left_;
};

enum class SampleKind : uint8_t { flow, counters, discarded };

// The numbers of an agent's datagrams, with the gaps in them that may still be filled.
class DatagramSequence {
 public:
  enum class Step : uint8_t { next, ahead, late, before };
  // How `number` relates to those seen so far. Changes nothing.
  Step place(uint32_t number) const;
  // Whether it is further ahead than is accepted at once in a stream that loses some datagrams.
  bool is_far_ahead(uint32_t number) const;
  void take(uint32_t number);
  void start(uint32_t number) { *this = {}, next_ = number + 1; }

 private:
  struct Gap {
    uint32_t from = 0, units = 0;
  };
  void remember(const Gap& gap);
  void fill(uint32_t number);

  uint32_t next_ = 0;
  std::array<Gap, limits::kDatagramGaps> gaps_{};
};

class SampleSequences {
 public:
  explicit SampleSequences(std::shared_ptr<SampleSourceCapacity> capacity,
                           size_t limit = limits::kSampleSourcesPerStream)
      : capacity_(std::move(capacity)), limit_(limit) {}
  ~SampleSequences() { capacity_->give_back(static_cast<int64_t>(agents_.size() + sources_.size())); }
  SampleSequences(const SampleSequences&) = delete;
  SampleSequences& operator=(const SampleSequences&) = delete;

  // Rounded up to 64 sources, so that it seldom changes.
  size_t bytes() const { return sizeof(*this) + ((agents_.size() + sources_.size() + 63) / 64) * 64 * kSourceBytes; }

  struct Datagram {
    bool follow = true;  // false: its samples must not be followed
    bool duplicate = false;
    bool restart = false;
  };
  // Whether a datagram shows a restart or is far ahead. One datagram alone is not enough for that: anyone can forge it.
  bool is_far(const IpAddress& agent, uint32_t sequence, uint32_t uptime_ms) const;
  // Whether a datagram of that agent continues after a far one, and so confirms it. It may be near to the stream, too.
  bool goes_on(const IpAddress& agent, const SequenceHeader& far, const SequenceHeader& later) const;
  // The next datagram of an agent, which is not far, or is confirmed; its samples follow.
  Datagram datagram(const IpAddress& agent, uint32_t sequence, uint32_t uptime_ms);

  struct Sample {
    int64_t lost = 0;  // negative: counted as lost before, arrived after all
    bool refused = false;
  };
  // A sample of the datagram; `type` and `index` name its source.
  Sample sample(SampleKind kind, uint32_t type, uint32_t index, uint32_t sequence);

 private:
  struct Key {
    IpAddress agent;
    uint32_t type = 0, index = 0;
    SampleKind kind{};
    bool operator==(const Key&) const = default;
    template <class H>
    friend H AbslHashValue(H h, const Key& k) {
      return H::combine(std::move(h), k.agent, k.type, k.index, k.kind);
    }
  };
  struct Source {
    uint32_t first = 0, next = 0;  // numbers; those between were seen, or counted as lost
    uint32_t boot = 0;             // of the agent, when this source was last seen
  };
  using Step = DatagramSequence::Step;
  struct Boot {
    DatagramSequence sequence;
    uint32_t first_uptime_ms = 0, uptime_ms = 0;  // of the first datagram; of the newest
  };
  struct Agent {
    Boot now;
    uint32_t boot = 0;             // how often it has started again
    std::unique_ptr<Boot> former;  // the boot before, for a while after a restart
  };
  static constexpr size_t kSourceBytes = 96;
  bool take_source() { return agents_.size() + sources_.size() < limit_ && capacity_->take(); }
  static Datagram step(Agent& agent, uint32_t sequence, uint32_t uptime_ms, bool& late);
  static bool is_of_former(const Agent& agent, uint32_t sequence, uint32_t uptime_ms);
  static bool is_restart(const Boot& now, Step place, uint32_t uptime_ms);

  const std::shared_ptr<SampleSourceCapacity> capacity_;
  const size_t limit_;
  absl::flat_hash_map<IpAddress, Agent> agents_;
  absl::flat_hash_map<Key, Source> sources_;
  // For the datagram whose samples are read now.
  IpAddress agent_;
  uint32_t boot_ = 0;
  bool late_ = false;
};

}  // namespace weir
