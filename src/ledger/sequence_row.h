// SPDX-License-Identifier: Apache-2.0
// Where one stream of sequence numbers stands, as catalog.db keeps it: a restart that goes on from here neither
// reports what was received as lost nor hides what was lost meanwhile.
#pragma once

#include <cstdint>

#include "base/ip_address.h"
#include "base/protocol.h"

namespace weir {

struct SequenceRow {
  IpAddress exporter;
  uint16_t port = 0;  // source port of the exporter
  Protocol protocol = Protocol::unknown;
  uint32_t domain = 0;
  uint32_t next = 0;            // sequence number expected next
  uint32_t uptime_ms = 0;       // sysUptime of the last datagram (v5, v9)
  uint32_t export_seconds = 0;  // export time of the last datagram, seconds since 1970 UTC
  bool operator==(const SequenceRow&) const = default;
};

}  // namespace weir
