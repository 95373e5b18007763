// SPDX-License-Identifier: Apache-2.0
// Chooses the worker socket that gets a datagram when the source port does not identify the sender.
//
// The kernel spreads datagrams over the sockets of a port by the 4-tuple. Behind a load balancer each datagram has
// another source port, so the datagrams of one session would reach all workers, in an unpredictable order. Here a
// classic BPF program in the kernel (socket option SO_ATTACH_REUSEPORT_CBPF) chooses by source address and observation
// domain (sFlow: agent; v5: engine) instead.
//
//   threads  any
//   failure  errno; the kernel then chooses as before
#pragma once

#include "os/udp_socket.h"

namespace weir {

// Applies to all sockets that share that socket's port, `sockets` of them. 0, or errno.
int keep_senders_together(const os::UdpSocket& socket, unsigned sockets);

}  // namespace weir
