// SPDX-License-Identifier: Apache-2.0
// The sequence state of one stream, as kept in catalog.db.
#pragma once

#include <cstdint>

#include "base/ip_address.h"
#include "base/protocol.h"

namespace weir {

struct SequenceRow {
  IpAddress exporter;
  uint16_t port = 0;
  Protocol protocol = Protocol::unknown;
  uint32_t domain = 0;
  uint32_t next = 0;  // sequence number expected next, in the protocol's unit
  uint32_t uptime_ms = 0;
  uint32_t export_seconds = 0;
};

}  // namespace weir
