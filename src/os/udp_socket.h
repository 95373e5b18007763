// SPDX-License-Identifier: Apache-2.0
// UDP sockets and the batch calls that make them cheap (recvmmsg, sendmmsg).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ip_address.h"
#include "os/file.h"

struct mmsghdr;
struct sock_filter;
namespace weir::os {

struct Endpoint {
  IpAddress address;  // all zero: every address of the machine
  uint16_t port = 0;
  std::string to_string() const;  // "192.0.2.1:2055", "[2001:db8::1]:2055", ":2055"
  auto operator<=>(const Endpoint&) const = default;
};

// What the kernel reports about a socket (SO_MEMINFO): how many bytes are queued in its buffer, and how many datagrams
// it dropped since the socket was opened because the buffer was full.
struct SocketMemory {
  uint32_t queued_bytes = 0;
  uint32_t drops = 0;  // wraps at 2^32
};

class UdpSocket {
 public:
  // Bound with SO_REUSEPORT, so that several sockets share the port and the kernel spreads exporters over them by their
  // 4-tuple. An all-zero address listens on IPv6 and IPv4 at once (IPv4 only if the machine has no IPv6). The kernel
  // timestamps arriving datagrams. Throws usage_error when the port is taken.
  static UdpSocket listen(const Endpoint& endpoint, int receive_buffer_bytes);
  // Bound to `source` (port 0: any) and connected to `destination`. Throws usage_error.
  static UdpSocket connect(const Endpoint& source, const Endpoint& destination);

  int fd() const { return file_.fd(); }
  int granted_receive_buffer() const { return granted_; }
  // Whether the kernel may deliver datagrams of one sender and one size that arrive together as one piece (UDP_GRO;
  // Received::segment_bytes). A dropped piece counts as one drop. False if it cannot.
  bool receive_joined(bool may) const;
  std::optional<SocketMemory> memory() const;  // nothing if the kernel does not report it
  // Installs a program (classic BPF) that returns the number of the socket, among those that share the port, that gets
  // a datagram; sockets are numbered in the order in which they were bound. 0 or errno.
  int choose_socket_by(std::span<const sock_filter> program) const;
  uint16_t local_port() const;
  int send(Bytes datagram) const;  // 0 or errno
  int take_error() const;          // error reported for earlier datagrams (ECONNREFUSED: no listener), or 0

 private:
  UdpSocket(File file, int granted) : file_(std::move(file)), granted_(granted) {}
  File file_;
  int granted_ = 0;
};

// True when another process (or an earlier socket without SO_REUSEPORT) holds the port.
bool port_in_use(const Endpoint& endpoint);

// The content of one slot, valid until the next receive().
struct Received {
  Bytes bytes;
  uint16_t segment_bytes = 0;  // 0: one datagram; else datagrams of this size, the last one may be shorter
  IpAddress source;            // v4-mapped for IPv4
  uint16_t source_port = 0;
  int64_t kernel_ns = 0;  // when it arrived (of joined ones, the first), by the kernel's clock; 0: unknown
  size_t datagrams() const { return segment_bytes ? (bytes.size() + segment_bytes - 1) / segment_bytes : 1; }
};

// Preallocated slots for recvmmsg, each large enough for any datagram, and for joined ones, whose total size does not
// exceed that of the largest datagram: nothing is truncated or allocated after construction. One object per worker.
class ReceiveSlots {
 public:
  explicit ReceiveSlots(size_t count);
  ~ReceiveSlots();
  ReceiveSlots(const ReceiveSlots&) = delete;
  ReceiveSlots& operator=(const ReceiveSlots&) = delete;

  // Takes what is queued in the socket, up to the number of slots, without blocking. Returns the number of slots filled
  // (0: nothing queued), or -errno.
  int receive(const UdpSocket& socket);
  Received operator[](size_t i) const;
  size_t count() const { return count_; }

 private:
  struct Impl;
  size_t count_;
  std::unique_ptr<Impl> impl_;
};

// Collects datagrams and passes them to the kernel in one sendmmsg per `count`.
class SendBatch {
 public:
  explicit SendBatch(size_t count, size_t datagram_bytes = 2048);
  ~SendBatch();
  // Space for the next datagram's bytes (datagram_bytes of them); follow with commit(size).
  uint8_t* slot();
  void commit(size_t size);
  bool full() const { return used_ == count_; }
  size_t used() const { return used_; }
  // Sends everything committed over a connected socket; 0 or errno (what was not sent is dropped and not counted).
  int flush(const UdpSocket& socket, size_t* sent = nullptr);

 private:
  struct Impl;
  size_t count_, datagram_bytes_, used_ = 0;
  std::unique_ptr<Impl> impl_;
};

// Sum of the drops column of /proc/net/udp and udp6 for a port: the kernel's own count, for checks.
uint64_t proc_net_udp_drops(uint16_t port);

}  // namespace weir::os
