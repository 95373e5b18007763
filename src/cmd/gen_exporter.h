// SPDX-License-Identifier: Apache-2.0
// One simulated exporter: turns flows into datagrams as a router would, with its own boot time, sequence numbers
// and template schedule.
//
//   in    a FlowSource, the time
//   out   datagrams in the caller's buffer, and an exact account of what each holds
//   threads  one
#pragma once

#include <cstdint>
#include <span>

#include "base/protocol.h"
#include "cmd/gen_flows.h"

namespace weir {

struct ExporterSettings {
  Protocol protocol = Protocol::netflow9;
  uint32_t domain = 0;         // v9 source id; v5: engine type and id
  uint32_t sampling_rate = 0;  // 0: not sampled, and nothing said of it
  double ipv6_share = 0;       // of the records
  bool templates = true;       // false: never sent
  int64_t templates_after_ns = 0;
  int64_t template_every_ns = 10'000'000'000;  // 0: not by time
  uint64_t template_every_datagrams = 0;       // 0: not by count
};

// What datagrams hold.
struct Content {
  uint64_t datagrams = 0;
  uint64_t records = 0;
  uint64_t bytes = 0;    // sum of the octet counters
  uint64_t packets = 0;  // sum of the packet counters
  uint64_t options_records = 0;
  Content& operator+=(const Content& other);
};

class Exporter {
 public:
  // `start_ns`: now, UTC. It seems to have booted between an hour and thirty days earlier.
  Exporter(const ExporterSettings& settings, const Network& network, uint64_t seed, int64_t start_ns);

  // Writes the next datagram: templates where they are due, and up to `most_records` flows of one address family, as
  // many as fit. Returns its size.
  size_t write(std::span<uint8_t> out, size_t most_records, int64_t now_ns, Content* content);
  // True from the first datagram on until the first templates have been sent, where they are sent late.
  bool owes_templates() const { return sequence_started_ && settings_.templates && !templates_sent_; }
  // When the late templates are due; UTC.
  int64_t templates_due_ns() const { return start_ns_ + settings_.templates_after_ns; }

 private:
  size_t write_netflow5(std::span<uint8_t> out, size_t most_records, int64_t now_ns, Content* content);
  size_t write_with_templates(std::span<uint8_t> out, size_t most_records, int64_t now_ns, Content* content);
  bool templates_due(int64_t now_ns) const;
  void add_templates(class DatagramWriter& writer, int64_t now_ns, Content* content);
  void add_flows(class DatagramWriter& writer, size_t most_records, int64_t now_ns, Content* content);
  bool next_is_v6(size_t records) const;
  uint32_t uptime_ms(int64_t now_ns) const { return static_cast<uint32_t>((now_ns - boot_ns_) / 1'000'000); }

  ExporterSettings settings_;
  FlowSource flows_;
  int64_t start_ns_;
  int64_t boot_ns_;
  uint32_t sequence_ = 0;  // in the protocol's unit
  bool sequence_started_ = false;
  bool templates_sent_ = false;
  int64_t last_templates_ns_ = 0;
  uint64_t datagrams_since_templates_ = 0;
  uint64_t records_ = 0;
  uint64_t v6_records_ = 0;
};

// Bytes of the longest record and of all templates and options of a protocol, with their set headers: what a
// datagram of so many records needs at most.
size_t longest_record_bytes(Protocol protocol);
inline constexpr size_t kOverheadBytes = 512;

}  // namespace weir
