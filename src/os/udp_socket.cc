// SPDX-License-Identifier: Apache-2.0
#include "os/udp_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "base/assert.h"
#include "base/error.h"
#include "base/limits.h"

namespace weir::os {

std::string Endpoint::to_string() const {
  std::string host = address.is_zero() ? "" : address.to_string();
  if (!address.is_zero() && !address.is_v4()) host = "[" + host + "]";
  return host + ":" + std::to_string(port);
}

namespace {

socklen_t to_sockaddr(const Endpoint& e, bool as_v4, sockaddr_storage* out) {
  std::memset(out, 0, sizeof *out);
  if (as_v4) {
    auto* four = reinterpret_cast<sockaddr_in*>(out);
    four->sin_family = AF_INET;
    four->sin_port = htons(e.port);
    four->sin_addr.s_addr = e.address.is_v4() ? htonl(e.address.v4_host_order()) : INADDR_ANY;
    return sizeof *four;
  }
  auto* six = reinterpret_cast<sockaddr_in6*>(out);
  six->sin6_family = AF_INET6;
  six->sin6_port = htons(e.port);
  std::memcpy(&six->sin6_addr, e.address.bytes.data(), 16);
  return sizeof *six;
}

std::string bind_remedy(int error) {
  if (error == EADDRINUSE) return "; another program has the port: stop it, or listen elsewhere with --listen";
  if (error == EACCES) return "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
  if (error == EADDRNOTAVAIL) return "; the machine has no such address";
  return "";
}

// SO_RCVBUFFORCE exceeds net.core.rmem_max if permitted (CAP_NET_ADMIN). The kernel doubles the requested size for its
// own bookkeeping and reports the doubled figure; the granted size is half of that.
int set_receive_buffer(int fd, int bytes) {
  if (bytes > 0 && ::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  int granted = 0;
  socklen_t size = sizeof granted;
  ::getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &granted, &size);
  return granted / 2;
}

}  // namespace

UdpSocket UdpSocket::listen(const Endpoint& endpoint, int receive_buffer_bytes) {
  bool any = endpoint.address.is_zero();
  bool as_v4 = endpoint.address.is_v4();
  File file(::socket(as_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!file.is_open() && any) {
    as_v4 = true;
    file = File(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  }
  if (!file.is_open()) throw runtime_failure("cannot open a UDP socket: " + error_text(errno));
  int on = 1, only_v6 = any ? 0 : 1;
  ::setsockopt(file.fd(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (!as_v4) ::setsockopt(file.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6);
  ::setsockopt(file.fd(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  int granted = set_receive_buffer(file.fd(), receive_buffer_bytes);
  sockaddr_storage address;
  socklen_t size = to_sockaddr(endpoint, as_v4, &address);
  if (::bind(file.fd(), reinterpret_cast<sockaddr*>(&address), size) != 0) {
    int error = errno;
    throw usage_error("cannot listen on " + endpoint.to_string() + " (UDP): " + error_text(error) + bind_remedy(error));
  }
  return UdpSocket(std::move(file), granted);
}

bool port_in_use(const Endpoint& endpoint) {
  bool as_v4 = endpoint.address.is_v4();
  File file(::socket(as_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!file.is_open()) return false;
  sockaddr_storage address;
  socklen_t size = to_sockaddr(endpoint, as_v4, &address);
  return ::bind(file.fd(), reinterpret_cast<sockaddr*>(&address), size) != 0 && errno == EADDRINUSE;
}

UdpSocket UdpSocket::connect(const Endpoint& source, const Endpoint& destination) {
  bool as_v4 = destination.address.is_v4();
  File file(::socket(as_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!file.is_open()) throw runtime_failure("cannot open a UDP socket: " + error_text(errno));
  int buffer = 4 << 20;
  ::setsockopt(file.fd(), SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  sockaddr_storage address;
  socklen_t size = to_sockaddr(source, as_v4, &address);
  if (::bind(file.fd(), reinterpret_cast<sockaddr*>(&address), size) != 0)
    throw usage_error("cannot send from " + source.to_string() + ": " + error_text(errno));
  size = to_sockaddr(destination, as_v4, &address);
  if (::connect(file.fd(), reinterpret_cast<sockaddr*>(&address), size) != 0)
    throw usage_error("cannot send to " + destination.to_string() + ": " + error_text(errno));
  return UdpSocket(std::move(file), 0);
}

std::optional<SocketMemory> UdpSocket::memory() const {
  uint32_t info[SK_MEMINFO_VARS] = {};
  socklen_t size = sizeof info;
  if (::getsockopt(fd(), SOL_SOCKET, SO_MEMINFO, info, &size) != 0) return {};
  return SocketMemory{info[SK_MEMINFO_RMEM_ALLOC], info[SK_MEMINFO_DROPS]};
}

int UdpSocket::choose_socket_by(std::span<const sock_filter> program) const {
  const sock_fprog whole{static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(program.data())};
  return ::setsockopt(fd(), SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &whole, sizeof whole) == 0 ? 0 : errno;
}

bool UdpSocket::receive_joined(bool may) const {
  const int value = may ? 1 : 0;
  return ::setsockopt(fd(), SOL_UDP, UDP_GRO, &value, sizeof value) == 0;
}

uint16_t UdpSocket::local_port() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(fd(), reinterpret_cast<sockaddr*>(&address), &size);
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
  return ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
}

int UdpSocket::send(Bytes datagram) const {
  for (;;) {
    if (::send(fd(), datagram.data(), datagram.size(), 0) >= 0) return 0;
    if (errno == EINTR || errno == ECONNREFUSED) continue;  // a refusal is the answer to an earlier datagram
    return errno;
  }
}

int UdpSocket::take_error() const {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

// The slots are a little more than 64 KiB apart: with a power-of-two stride the first cache lines of all datagrams
// would fall into the same few cache sets.
static constexpr size_t kSlotStride = limits::kDatagramBytes + 1 + 1600;

// Space for the kernel's control messages: time of arrival, and the segment size of joined datagrams.
struct alignas(cmsghdr) Control {
  uint8_t bytes[CMSG_SPACE(sizeof(timespec)) + CMSG_SPACE(sizeof(int))];
};

static void read_control(msghdr& header, Received* out) {
  for (const cmsghdr* control = CMSG_FIRSTHDR(&header); control;
       control = CMSG_NXTHDR(&header, const_cast<cmsghdr*>(control))) {
    if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS) {
      timespec t;
      std::memcpy(&t, CMSG_DATA(control), sizeof t);
      out->kernel_ns = int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
    } else if (control->cmsg_level == SOL_UDP && control->cmsg_type == UDP_GRO) {
      int size;
      std::memcpy(&size, CMSG_DATA(control), sizeof size);
      out->segment_bytes = static_cast<uint16_t>(size);
    }
  }
}

struct ReceiveSlots::Impl {
  explicit Impl(size_t n) : bytes(new uint8_t[n * kSlotStride]), from(n), controls(n), vectors(n), headers(n) {
    for (size_t i = 0; i < n; ++i) {
      vectors[i] = {bytes.get() + i * kSlotStride, limits::kDatagramBytes + 1};
      headers[i].msg_hdr.msg_iov = &vectors[i];
      headers[i].msg_hdr.msg_iovlen = 1;
      headers[i].msg_hdr.msg_name = &from[i];
      headers[i].msg_hdr.msg_control = &controls[i];
      prepare(i);
    }
  }
  void prepare(size_t i) {
    headers[i].msg_hdr.msg_namelen = sizeof from[i];
    headers[i].msg_hdr.msg_controllen = sizeof controls[i];
  }
  std::unique_ptr<uint8_t[]> bytes;
  size_t used = 0;
  std::vector<sockaddr_in6> from;  // large enough for either family
  std::vector<Control> controls;
  std::vector<iovec> vectors;
  std::vector<mmsghdr> headers;
};

ReceiveSlots::ReceiveSlots(size_t count) : count_(count), impl_(std::make_unique<Impl>(count)) {}
ReceiveSlots::~ReceiveSlots() = default;

int ReceiveSlots::receive(const UdpSocket& socket) {
  // The kernel overwrites both lengths with what it wrote; the slots serve sockets of both families.
  for (size_t i = 0; i < impl_->used; ++i) impl_->prepare(i);
  impl_->used = 0;
  int n = ::recvmmsg(socket.fd(), impl_->headers.data(), static_cast<unsigned>(count_), MSG_DONTWAIT, nullptr);
  if (n >= 0) {
    impl_->used = static_cast<size_t>(n);
    return n;
  }
  return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

Received ReceiveSlots::operator[](size_t i) const {
  const sockaddr_in6& from = impl_->from[i];
  Received received;
  received.bytes = Bytes(impl_->bytes.get() + i * kSlotStride, impl_->headers[i].msg_len);
  read_control(impl_->headers[i].msg_hdr, &received);
  if (from.sin6_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(from);
    received.source = IpAddress::v4(ntohl(four.sin_addr.s_addr));
    received.source_port = ntohs(four.sin_port);
  } else {
    received.source = IpAddress::v6(from.sin6_addr.s6_addr);
    received.source_port = ntohs(from.sin6_port);
  }
  return received;
}

struct SendBatch::Impl {
  Impl(size_t n, size_t size) : bytes(n * size), vectors(n), headers(n) {
    for (size_t i = 0; i < n; ++i) {
      vectors[i] = {bytes.data() + i * size, 0};
      headers[i].msg_hdr.msg_iov = &vectors[i];
      headers[i].msg_hdr.msg_iovlen = 1;
    }
  }
  std::vector<uint8_t> bytes;
  std::vector<iovec> vectors;
  std::vector<mmsghdr> headers;
};

SendBatch::SendBatch(size_t count, size_t datagram_bytes)
    : count_(count), datagram_bytes_(datagram_bytes), impl_(std::make_unique<Impl>(count, datagram_bytes)) {}
SendBatch::~SendBatch() = default;

uint8_t* SendBatch::slot() {
  WEIR_ASSERT(used_ < count_);
  return impl_->bytes.data() + used_ * datagram_bytes_;
}

void SendBatch::commit(size_t size) {
  WEIR_ASSERT(size <= datagram_bytes_ && used_ < count_);
  impl_->vectors[used_++].iov_len = size;
}

int SendBatch::flush(const UdpSocket& socket, size_t* sent) {
  size_t done = 0;
  int error = 0;
  while (done < used_) {
    int n = ::sendmmsg(socket.fd(), impl_->headers.data() + done, static_cast<unsigned>(used_ - done), 0);
    if (n < 0 && (errno == EINTR || errno == ECONNREFUSED)) continue;
    if (n < 0) {
      error = errno;
      break;
    }
    done += static_cast<size_t>(n);
  }
  used_ = 0;
  if (sent) *sent = done;
  return error;
}

uint64_t proc_net_udp_drops(uint16_t port) {
  uint64_t total = 0;
  for (const char* path : {"/proc/net/udp", "/proc/net/udp6"}) {
    std::ifstream lines(path);
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
      std::istringstream words(line);
      std::string slot, local, word, last;
      words >> slot >> local;
      size_t colon = local.find(':');
      if (colon == std::string::npos || std::stoul(local.substr(colon + 1), nullptr, 16) != port) continue;
      while (words >> word) last = word;
      total += std::stoull(last);
    }
  }
  return total;
}

}  // namespace weir::os
