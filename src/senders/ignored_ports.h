// SPDX-License-Identifier: Apache-2.0
// IgnoredPorts: for which exporters the source port is not part of the session. A load balancer may send each datagram
// from a source port of its own (nginx's stream module does); then templates would never belong to the port that data
// comes from.
//
//   in       networks (templates.ignore_ports); the first datagram of each new port
//   out      whether the port of a session counts
//   threads  any; a table is not changed once it has been given out
//   memory   kMaxLearned sessions, kCandidates that are watched
//   failure  beyond these the port counts, and data waits for templates as on any other port
#pragma once

#include <absl/container/flat_hash_set.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "base/network.h"
#include "base/session_key.h"
#include "senders/sequence.h"

namespace weir {

struct IgnorePorts {  // templates.ignore_ports
  std::vector<Network> networks;
  bool by_itself = true;  // also for exporters whose datagrams show it
};

class IgnoredPorts {
 public:
  static constexpr uint32_t kMaxPorts = 64;
  static constexpr int64_t kWindowNs = 10'000'000'000;
  static constexpr size_t kMaxLearned = 4'096, kCandidates = 1'024;

  // The exporter of one observation domain, whatever its source port.
  struct Group {
    IpAddress exporter;
    Protocol protocol = Protocol::unknown;
    uint32_t domain = 0;
    bool operator==(const Group&) const = default;
    template <class H>
    friend H AbslHashValue(H h, const Group& g) {
      return H::combine(std::move(h), g.exporter, g.protocol, g.domain);
    }
  };
  struct Table {
    std::vector<Network> networks;
    absl::flat_hash_set<Group> learned;
    // Whether the port is not part of that session.
    bool ignores(const SessionKey& key) const { return (!learned.empty() || !networks.empty()) && has(key); }
    bool has(const SessionKey& key) const;
  };

  explicit IgnoredPorts(IgnorePorts configured);

  // Whether the ports of any exporter are ignored.
  bool any() const { return any_.load(std::memory_order_relaxed); }
  // Changes whenever table() would return something different.
  uint32_t version() const { return version_.load(std::memory_order_acquire); }
  std::shared_ptr<const Table> table() const;

  // A datagram came from a source port that its exporter has not used before. True if it shows that the port must not
  // count any more: more than kMaxPorts new ports in kWindowNs, with one boot time (IPFIX has none) and sequence
  // numbers that continue from port to port. `agent`: sFlow's, else the exporter.
  bool shows(const SessionKey& key, const IpAddress& agent, const SequenceHeader& header, int64_t received_ns);
  // Its ports were already ignored in an earlier run.
  void learn(const SessionKey& key);

 private:
  struct Candidate {
    Group group;
    IpAddress agent;
    int64_t since_ns = 0;
    int64_t boot_ms = 0;
    uint32_t highest = 0;  // sequence number
    uint32_t ports = 0;
    bool is_of(const Candidate& other) const { return group == other.group && agent == other.agent; }
    bool goes_on(const Candidate& next) const;
  };
  bool learn_locked(const Group& group);
  void say(const IpAddress& exporter);

  const bool by_itself_;
  std::atomic<uint32_t> version_{1};
  std::atomic<bool> any_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Table> table_;
  std::vector<Candidate> candidates_;  // by hash; allocated when the first port is seen
};

}  // namespace weir
