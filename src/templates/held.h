// SPDX-License-Identifier: Apache-2.0
// Holds data sets that arrived before their template until it arrives, in order of arrival.
//
//   threads  none of its own; TemplateStore calls it under its lock
//   memory   limited in bytes per exporter and in total (each set counts kOverhead more than its body). An exporter
//            over its share loses its own oldest sets. Over the total, the exporters that hold most are cut down to
//            one common level, and those that hold less lose nothing. If the budget of all senders is exhausted, an
//            exporter loses its own oldest sets
//   time     sets older than `hold_for` expire
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <vector>

#include "base/sender_budget.h"
#include "base/session_key.h"

namespace weir {

// What must be kept of a datagram's header to decode one of its data sets later.
struct SetContext {
  int64_t received_ns = 0;
  int64_t export_ns = 0;
  uint32_t uptime_ms = 0;  // v5, v9
  uint32_t sequence = 0;
  uint32_t offset = 0;      // of the set's body in the datagram's payload, octets
  uint64_t tag = 0;         // of the datagram
  uint32_t boot = 0;        // of the exporter, numbered as in senders/stream_sequence.h
  uint32_t set_offset = 0;  // of the set, counted from the end of its message's header, octets
  bool clock_held = false;  // the collector's clock was not trusted when it arrived
  bool repeated = false;    // the datagram was received before: its records are not counted as sent a second time
};

struct HeldSet {
  SessionKey session;
  uint16_t template_id = 0;
  int64_t held_since_ns = 0;  // monotonic
  SetContext context;
  std::vector<uint8_t> body;  // the set without its header
};

struct HoldLimits {
  int64_t hold_for_ns = 0;  // 0: no time limit
  uint64_t bytes_per_exporter = 0;
  uint64_t bytes = 0;
};

class HeldSets {
 public:
  explicit HeldSets(const HoldLimits& limits, SenderBudget* budget = nullptr) : limits_(limits), budget_(budget) {}

  // Sets already held beyond the new limits are dropped when more arrive.
  void set_limits(const HoldLimits& limits) { limits_ = limits; }

  // Sets evicted to free space are appended to `dropped`.
  void add(HeldSet set, std::vector<HeldSet>& dropped);
  // All sets that wait for this key, oldest first.
  std::vector<HeldSet> take(const SessionKey& session, uint16_t template_id);
  // Expired sets are appended to `dropped`.
  void expire(int64_t now_ns, std::vector<HeldSet>& dropped);
  std::vector<HeldSet> take_all();
  // The sets that wait in a session and are from before that boot. Scans all sets of the session's exporter.
  std::vector<HeldSet> take_older(const SessionKey& session, uint32_t boot);

  struct Waiting {
    SessionKey session;
    uint16_t template_id = 0;
    size_t sets = 0;
    uint64_t bytes = 0;       // of the sets' bodies
    int64_t since_ns = 0;     // monotonic
    int64_t received_ns = 0;  // of the oldest set
  };
  // Keys whose oldest set has waited since before `before_ns`; a key is returned again only after another such wait.
  std::vector<Waiting> due(int64_t before_ns, int64_t now_ns);
  // The keys that have sets waiting, in no particular order.
  void for_each_key(const std::function<void(const Waiting&)>& visit, size_t limit) const;
  size_t keys() const { return by_key_.size(); }
  bool empty() const { return all_.empty(); }
  uint64_t bytes() const { return bytes_; }
  // The sets that wait for a key, oldest first.
  std::vector<const HeldSet*> peek(const SessionKey& session, uint16_t template_id) const;

  // What a set costs in addition to its body: measured with one set per key, the most expensive case.
  static constexpr uint64_t kOverhead = 384;

 private:
  struct Node;
  // First in, first out, linked through the nodes themselves: in a hostile stream most keys have one set.
  struct Chain {
    Node* first = nullptr;
    Node* last = nullptr;
    size_t count = 0;
  };
  struct Links {
    Node* before = nullptr;
    Node* after = nullptr;
  };
  struct Node {
    HeldSet set;
    std::list<Node>::iterator self;
    Links in_key, in_share;
  };
  static void append(Chain& chain, Node* node, Links Node::* links);
  static void unlink(Chain& chain, Node* node, Links Node::* links);
  struct Key {
    SessionKey session;
    uint16_t template_id = 0;
    bool operator==(const Key&) const = default;
    template <class H>
    friend H AbslHashValue(H h, const Key& k) {
      return H::combine(std::move(h), k.session, k.template_id);
    }
  };
  struct Check {
    int64_t at_ns;
    Key key;
  };
  struct Queue {
    Chain sets;
    uint64_t body_bytes = 0;
    int64_t check_at_ns = 0;  // of the one valid Check for this key
  };
  struct Share {
    uint64_t bytes = 0;
    Chain sets;
  };
  static constexpr size_t kMaxChecks = 262'144;  // keys beyond it wait for their own template only
  HeldSet remove(Node* node);
  void drop_oldest_of(const IpAddress& exporter, uint64_t down_to, std::vector<HeldSet>& dropped);
  void evict_largest(std::vector<HeldSet>& dropped);
  void check_later(const Key& key, Queue& queue, int64_t at_ns);

  bool frees_budget(const IpAddress& exporter, uint64_t bytes, std::vector<HeldSet>& dropped);

  HoldLimits limits_;
  SenderBudget* budget_;  // null: none
  std::list<Node> all_;   // oldest first
  absl::flat_hash_map<Key, Queue> by_key_;
  absl::flat_hash_map<IpAddress, Share> by_exporter_;
  std::deque<Check> checks_;  // by time
  uint64_t bytes_ = 0;
};

}  // namespace weir
