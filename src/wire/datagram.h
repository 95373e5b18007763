// SPDX-License-Identifier: Apache-2.0
// What receive hands to decode: one export datagram (UDP) or message (TCP, TLS) and where it came from. Borrowed bytes,
// valid for the call only.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/ip_address.h"
#include "base/protocol.h"

namespace weir {

struct Datagram {
  Bytes bytes;
  IpAddress exporter;  // v4-mapped for IPv4
  uint16_t exporter_port = 0;
  int64_t received_ns = 0;  // UTC
  uint64_t tag = 0;         // whatever the reader wants to know it again by
  bool clock_held = false;  // the collector's clock was not believed when it came
  Transport transport = Transport::udp;
  uint32_t connection = 0;  // as in SessionKey
};

}  // namespace weir
