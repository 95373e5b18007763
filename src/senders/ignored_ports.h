// SPDX-License-Identifier: Apache-2.0
// IgnoredPorts: of which exporters the source port is no part of the session. A balancer may give each datagram a port
// of its own (nginx's stream module does), and then templates would never be of the port that data comes from.
//
//   in       networks (templates.ignore_ports); the first datagram of each new port
//   out      whether the port of a session counts
//   threads  any; a table, once given out, is not changed
//   memory   kMaxLearned sessions, kCandidates that are watched
//   failure  beyond these the port counts, and templates wait as they do for any other port
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
  bool by_itself = true;  // also where an exporter shows it
};

class IgnoredPorts {
 public:
  static constexpr uint32_t kMaxPorts = 64;
  static constexpr int64_t kWindowNs = 10'000'000'000;
  static constexpr size_t kMaxLearned = 4'096, kCandidates = 1'024;

  // The exporter of one observation domain, whatever its port.
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
    // Whether the port of that session is no part of it.
    bool ignores(const SessionKey& key) const { return (!learned.empty() || !networks.empty()) && has(key); }
    bool has(const SessionKey& key) const;
  };

  explicit IgnoredPorts(IgnorePorts configured);

  // Whether there is any such exporter.
  bool any() const { return any_.load(std::memory_order_relaxed); }
  // Moves whenever table() would answer differently.
  uint32_t version() const { return version_.load(std::memory_order_acquire); }
  std::shared_ptr<const Table> table() const;

  // A datagram came from a port that its exporter has not used before. True where it shows that the port is not to
  // count from now on: more than kMaxPorts new ports in kWindowNs, with one boot time (IPFIX tells none) and sequence
  // numbers that go on from port to port. `agent`: sFlow's, else the exporter.
  bool shows(const SessionKey& key, const IpAddress& agent, const SequenceHeader& header, int64_t received_ns);
  // It was known before, in an earlier run.
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
  std::vector<Candidate> candidates_;  // by hash; made when the first port is seen
};

}  // namespace weir
