// SPDX-License-Identifier: Apache-2.0
// Data sets that came before their template, held until it comes, in the order they came.
//
//   threads  none of its own; TemplateStore calls it under its lock
//   memory   bytes per exporter and in all (each set counts kOverhead more than its body); an exporter over
//            its share loses its own oldest sets; over the total those that hold most come down to one level, and who
//            holds less than that loses nothing. Where a budget of all senders has no room, an exporter loses its own
//            oldest sets
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

// What a data set needs of its datagram's header to be decoded later.
struct SetContext {
  int64_t received_ns = 0;
  int64_t export_ns = 0;
  uint32_t uptime_ms = 0;  // v5, v9
  uint32_t sequence = 0;
  uint32_t offset = 0;      // octets into the datagram's payload at which the set's body begins
  uint64_t tag = 0;         // the datagram's
  uint32_t boot = 0;        // of the exporter, as senders/stream_sequence.h numbers them
  uint32_t set_offset = 0;  // of the set behind the header of its message, octets
  bool clock_held = false;  // the collector's clock was not believed when it came
  bool repeated = false;    // the datagram was here before: its records are not counted as sent again
};

struct HeldSet {
  SessionKey session;
  uint16_t template_id = 0;
  int64_t held_since_ns = 0;  // monotonic
  SetContext context;
  std::vector<uint8_t> body;  // the set without its header
};

struct HoldLimits {
  int64_t hold_for_ns = 0;  // 0: without a time limit
  uint64_t bytes_per_exporter = 0;
  uint64_t bytes = 0;
};

class HeldSets {
 public:
  explicit HeldSets(const HoldLimits& limits, SenderBudget* budget = nullptr) : limits_(limits), budget_(budget) {}

  // What waits already and is more than that goes when more comes.
  void set_limits(const HoldLimits& limits) { limits_ = limits; }

  // What had to go to make room is appended to `dropped`.
  void add(HeldSet set, std::vector<HeldSet>& dropped);
  // Everything that waits for this key, oldest first.
  std::vector<HeldSet> take(const SessionKey& session, uint16_t template_id);
  // Expired sets are appended to `dropped`.
  void expire(int64_t now_ns, std::vector<HeldSet>& dropped);
  std::vector<HeldSet> take_all();
  // What waits in a session from before that boot. Looks at all that its exporter's share holds.
  std::vector<HeldSet> take_older(const SessionKey& session, uint32_t boot);

  struct Waiting {
    SessionKey session;
    uint16_t template_id = 0;
    size_t sets = 0;
    uint64_t bytes = 0;       // of their bodies
    int64_t since_ns = 0;     // monotonic
    int64_t received_ns = 0;  // of the oldest
  };
  // Keys whose oldest set has waited since before `before_ns`; each is offered again only after as long a wait.
  std::vector<Waiting> due(int64_t before_ns, int64_t now_ns);
  // The keys that have sets waiting, in no order.
  void for_each_key(const std::function<void(const Waiting&)>& visit, size_t limit) const;
  size_t keys() const { return by_key_.size(); }
  bool empty() const { return all_.empty(); }
  uint64_t bytes() const { return bytes_; }
  // The sets that wait for a key, oldest first.
  std::vector<const HeldSet*> peek(const SessionKey& session, uint16_t template_id) const;

  // What a set costs beside its body: measured, for keys of one set each, which are the dearest.
  static constexpr uint64_t kOverhead = 384;

 private:
  struct Node;
  // First in, first out, through the nodes themselves: most keys of a hostile stream have one set.
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
  static constexpr size_t kMaxChecks = 262'144;  // beyond it keys wait for their own template only
  HeldSet remove(Node* node);
  void drop_oldest_of(const IpAddress& exporter, uint64_t down_to, std::vector<HeldSet>& dropped);
  void evict_idle(std::vector<HeldSet>& dropped);
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
