// SPDX-License-Identifier: Apache-2.0
#include "senders/ignored_ports.h"

#include <absl/hash/hash.h>

#include <algorithm>
#include <cstdlib>

#include "base/log.h"

namespace weir {
namespace {

constexpr int32_t kNear = 4'096;  // sequence numbers that continue each other are no further apart
constexpr size_t kMaxSaid = 100;
constexpr int64_t kSameBootMs = 2'000;  // v9 has the export time in seconds

IgnoredPorts::Group group_of(const SessionKey& key) { return {key.exporter, key.protocol, key.domain}; }

}  // namespace

bool IgnoredPorts::Table::has(const SessionKey& key) const {
  if (key.is_connection()) return false;
  if (!learned.empty() && learned.contains(group_of(key))) return true;
  return std::ranges::any_of(networks, [&](const Network& network) { return network.contains(key.exporter); });
}

IgnoredPorts::IgnoredPorts(IgnorePorts configured)
    : by_itself_(configured.by_itself),
      any_(!configured.networks.empty()),
      table_(std::make_shared<const Table>(Table{std::move(configured.networks), {}})) {}

std::shared_ptr<const IgnoredPorts::Table> IgnoredPorts::table() const {
  std::lock_guard lock(mutex_);
  return table_;
}

// v1 has no sequence number: there the boot time alone decides.
bool IgnoredPorts::Candidate::goes_on(const Candidate& next) const {
  if (next.since_ns - since_ns >= kWindowNs || std::llabs(next.boot_ms - boot_ms) > kSameBootMs) return false;
  const auto step = static_cast<int32_t>(next.highest - highest);
  return group.protocol == Protocol::netflow1 || (step >= -kNear && step <= kNear);
}

bool IgnoredPorts::shows(const SessionKey& key, const IpAddress& agent, const SequenceHeader& header,
                         int64_t received_ns) {
  if (!by_itself_ || key.is_connection() || key.port == 0) return false;
  const bool has_uptime = key.protocol != Protocol::ipfix;
  const int64_t boot_ms = has_uptime ? int64_t{header.export_seconds} * 1'000 - header.uptime_ms : 0;
  const Candidate next{group_of(key), agent, received_ns, boot_ms, header.sequence, 1};
  std::lock_guard lock(mutex_);
  if (table_->learned.contains(next.group)) return true;  // learned by another worker, a moment ago
  if (candidates_.empty()) candidates_.resize(kCandidates);
  Candidate& candidate = candidates_[absl::HashOf(next.group, agent) % kCandidates];
  if (!candidate.is_of(next)) {
    // A candidate that has shown more than one port keeps its slot until its window is over.
    const bool is_over = received_ns - candidate.since_ns >= kWindowNs;
    if (candidate.ports <= 1 || is_over) candidate = next;
    return false;
  }
  if (!candidate.goes_on(next)) {
    candidate = next;
    return false;
  }
  const bool is_new = key.protocol == Protocol::netflow1 || static_cast<int32_t>(next.highest - candidate.highest) > 0;
  if (!is_new) return false;
  candidate.highest = next.highest;
  if (++candidate.ports <= kMaxPorts) return false;
  candidate = {};
  if (!learn_locked(next.group)) return false;
  say(key.exporter);
  return true;
}

void IgnoredPorts::learn(const SessionKey& key) {
  std::lock_guard lock(mutex_);
  if (by_itself_) learn_locked(group_of(key));
}

bool IgnoredPorts::learn_locked(const Group& group) {
  if (table_->learned.size() >= kMaxLearned) return false;
  auto table = std::make_shared<Table>(*table_);
  table->learned.insert(group);
  table_ = std::move(table);
  version_.fetch_add(1, std::memory_order_release);
  any_.store(true, std::memory_order_relaxed);
  return true;
}

// Logs once per address, whatever its domains. Of very many addresses, not each is logged: those are forged.
void IgnoredPorts::say(const IpAddress& exporter) {
  const auto same = [&](const Group& group) { return group.exporter == exporter; };
  if (table_->learned.size() > kMaxSaid || std::ranges::count_if(table_->learned, same) > 1) return;
  const std::string address = exporter.to_string();
  log_info("templates", address + " sends each datagram from another port, as a balancer does: its ports are ignored " +
                            "from now on. To have that from the first datagram: templates.ignore_ports = [\"" +
                            address + "\"]");
}

}  // namespace weir
