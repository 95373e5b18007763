// SPDX-License-Identifier: Apache-2.0
// What the receiver passes to the decoder: one export datagram (UDP) or message (TCP, TLS) and where it came from. The
// bytes are not owned and are valid only during the call.
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
  uint64_t tag = 0;         // chosen by the reader to identify the datagram later
  bool clock_held = false;  // the collector's clock was not trusted when it arrived
  Transport transport = Transport::udp;
  uint32_t connection = 0;  // as in SessionKey
};

}  // namespace weir
