// SPDX-License-Identifier: Apache-2.0
// Identifies an exporter's session: the transport session (RFC 7011 §2) and the observation domain that export
// datagrams belong to.
#pragma once

#include <cstdint>
#include <string>

#include "base/ip_address.h"
#include "base/protocol.h"

namespace weir {

// Over UDP a session is identified by the source address and port. Over TCP and TLS it is the connection: a new
// connection is a new session, even from the same port.
struct SessionKey {
  IpAddress exporter;
  uint16_t port = 0;  // source port
  Protocol protocol = Protocol::unknown;
  uint32_t domain = 0;
  Transport transport = Transport::udp;
  uint32_t connection = 0;  // number of the connection in this process, from 1; 0 for UDP
  bool is_connection() const { return transport != Transport::udp; }
  auto operator<=>(const SessionKey&) const = default;
  template <class H>
  friend H AbslHashValue(H h, const SessionKey& k) {
    return H::combine(std::move(h), k.exporter, k.port, k.protocol, k.transport, k.domain, k.connection);
  }
};

}  // namespace weir
