// SPDX-License-Identifier: Apache-2.0
// Exporter: simulates one exporter: turns records into datagrams as a router would, with its own boot time, sequence
// numbers and template schedule.
//
//   in    a RecordSource, the time
//   out   datagrams in the caller's buffer, and an exact count of what each contains
//   threads  one
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>

#include "base/protocol.h"
#include "gen/records.h"

namespace weir {

struct ExporterSettings {
  Protocol protocol = Protocol::netflow9;
  uint32_t domain = 0;         // v9 source id; v5: engine type and id; sFlow: sub-agent
  uint32_t sampling_rate = 0;  // 0: not sampled, and none is exported (sFlow: 1)
  bool templates = true;       // false: never sent
  int64_t templates_after_ns = 0;
  int64_t template_every_ns = 10'000'000'000;  // 0: not time-based
  uint64_t template_every_datagrams = 0;       // 0: not count-based
  // v9 headers contain whole seconds, v5 records whole milliseconds. True: the clock is read at such instants, so that
  // the records' times reach the receiver exact to the millisecond; false: as a router does, whose times are off by the
  // remainder.
  bool whole_clock = false;
  int64_t oldest_ns = 0;  // age of its oldest flow at its start, when it must already have been up
};

class Exporter {
 public:
  // `start_ns`: now, UTC. It appears to have booted between an hour and thirty days before its oldest flow. `agent`:
  // its agent address in sFlow; IPv4.
  Exporter(const ExporterSettings& settings, std::shared_ptr<RecordSource> records, uint64_t seed, int64_t start_ns,
           const IpAddress& agent = IpAddress::v4(0x7f00'0001));

  // Writes the next datagram: templates if they are due, and up to `max_records` records, as many as fit. Returns its
  // size.
  size_t write(std::span<uint8_t> out, size_t max_records, int64_t now_ns, Content* content);
  bool finished() const { return records_->finished(); }
  // True from the first datagram on until the first templates have been sent, if they are sent late.
  bool owes_templates() const { return sequence_started_ && settings_.templates && !templates_sent_; }
  // When the late templates are due; UTC.
  int64_t templates_due_ns() const { return start_ns_ + settings_.templates_after_ns; }

 private:
  size_t write_netflow5(std::span<uint8_t> out, size_t max_records, int64_t now_ns, Content* content);
  size_t write_sflow(std::span<uint8_t> out, size_t max_records, int64_t now_ns, Content* content);
  size_t write_with_templates(std::span<uint8_t> out, size_t max_records, int64_t now_ns, Content* content);
  bool templates_due(int64_t now_ns) const;
  void add_templates(DatagramWriter& writer, int64_t now_ns, Content* content);
  void add_sampler(DatagramWriter& writer, Content* content);
  ExporterClock clock_at(int64_t now_ns) const;

  ExporterSettings settings_;
  std::shared_ptr<RecordSource> records_;
  int64_t start_ns_;
  int64_t boot_ns_;
  IpAddress agent_;
  std::map<uint32_t, uint32_t> sample_sequences_;  // by interface
  uint32_t sequence_ = 0;                          // in the protocol's unit; sFlow: datagrams
  bool sequence_started_ = false;
  bool templates_sent_ = false;
  int64_t last_templates_ns_ = 0;
  uint64_t datagrams_since_templates_ = 0;
};

// Maximum bytes of all templates and options of a protocol, with their set headers.
inline constexpr size_t kOverheadBytes = 512;

}  // namespace weir
