// SPDX-License-Identifier: Apache-2.0
// Chooses which of the sockets that share a UDP port gets a datagram: by source address and a word of the payload,
// instead of the kernel's choice by the 4-tuple. The choice is made in the kernel by a classic BPF program.
//
//   threads  any
//   failure  errno; the kernel then chooses as before. A datagram too short for its word goes to the first socket
#pragma once

#include <cstdint>
#include <span>

#include "os/udp_socket.h"

namespace weir::os {

// For payloads whose first two octets are `begins_with`: the 2 or 4 octets at `offset`.
struct PayloadWord {
  uint16_t begins_with = 0;
  uint8_t octets = 4;
  uint32_t offset = 0;
};

// Applies to all sockets that share that socket's port, `sockets` of them. 0, or errno.
int choose_by_source(const UdpSocket& socket, std::span<const PayloadWord> words, unsigned sockets);

}  // namespace weir::os
