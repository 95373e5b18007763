// SPDX-License-Identifier: Apache-2.0
// Which worker's socket gets a datagram, where the source port says nothing of its sender.
//
// The kernel spreads datagrams over the sockets of a port by the 4-tuple. Behind a balancer each datagram has another
// source port, so the datagrams of one session would reach all workers, in an order that nobody can tell. Here a
// program for the kernel (classic BPF, socket option SO_ATTACH_REUSEPORT_CBPF) chooses by source address and
// observation domain (sFlow: agent; v5: engine) instead.
//
//   threads  any
//   failure  errno; the kernel then chooses as before
#pragma once

#include "os/udp_socket.h"

namespace weir {

// For all sockets that share that socket's port, `sockets` of them. 0, or errno.
int keep_senders_together(const os::UdpSocket& socket, unsigned sockets);

}  // namespace weir
