// SPDX-License-Identifier: Apache-2.0
#include "receive/steering.h"

#include "os/socket_choice.h"

namespace weir {

int keep_senders_together(const os::UdpSocket& socket, unsigned sockets) {
  // v9: source id; IPFIX: observation domain; v5: engine; sFlow (whose version field has four octets): agent address.
  static constexpr os::PayloadWord kDomains[] = {{9, 4, 16}, {10, 4, 12}, {5, 2, 20}, {0, 4, 8}};
  return os::choose_by_source(socket, kDomains, sockets);
}

}  // namespace weir
