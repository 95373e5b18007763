// SPDX-License-Identifier: Apache-2.0
// The position of one stream of sequence numbers, as stored in catalog.db: a restart that continues from it neither
// reports what was received as lost nor hides what was lost in the meantime.
#pragma once

#include <cstdint>

#include "base/session_key.h"

namespace weir {

struct SequenceRow {
  SessionKey session;
  uint32_t next = 0;            // sequence number expected next
  uint32_t uptime_ms = 0;       // sysUptime of the last datagram (v5, v9)
  uint32_t export_seconds = 0;  // export time of the last datagram, seconds since 1970 UTC
  bool operator==(const SequenceRow&) const = default;
};

}  // namespace weir
