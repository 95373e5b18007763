// SPDX-License-Identifier: Apache-2.0
#include "os/tcp_socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>

#include "base/error.h"
#include "os/clock.h"

namespace weir::os {

static int64_t deadline_after(int timeout_ms) { return monotonic_ns() + int64_t{timeout_ms} * 1'000'000; }

// 0 when ready, else errno.
static int wait_for(int fd, short events, int64_t deadline_ns) {
  for (;;) {
    int64_t left_ms = (deadline_ns - monotonic_ns() + 999'999) / 1'000'000;
    if (left_ms <= 0) return ETIMEDOUT;
    pollfd poll{fd, events, 0};
    int ready = ::poll(&poll, 1, static_cast<int>(left_ms));
    if (ready > 0) return 0;
    if (ready < 0 && errno != EINTR) return errno;
  }
}

static int connect_one(const addrinfo& to, int64_t deadline_ns, File& out) {
  File file(::socket(to.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!file.is_open()) return errno;
  if (::connect(file.fd(), to.ai_addr, to.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return errno;
    if (int error = wait_for(file.fd(), POLLOUT, deadline_ns)) return error;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(file.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) return error;
  }
  out = std::move(file);
  return 0;
}

TcpConnection TcpConnection::connect(const std::string& host, uint16_t port, int timeout_ms) {
  std::string where = host + " port " + std::to_string(port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found))
    throw runtime_failure("cannot find " + host + ": " + ::gai_strerror(error));
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, ::freeaddrinfo);
  int64_t deadline = deadline_after(timeout_ms);
  int error = 0;
  for (const addrinfo* address = found; address; address = address->ai_next) {
    File file;
    error = connect_one(*address, deadline, file);
    if (error == 0) return TcpConnection(std::move(file));
  }
  throw runtime_failure("cannot connect to " + where + ": " + error_text(error));
}

int TcpConnection::send_all(std::string_view bytes, int timeout_ms) {
  int64_t deadline = deadline_after(timeout_ms);
  while (!bytes.empty()) {
    if (int error = wait_for(file_.fd(), POLLOUT, deadline)) return error;
    ssize_t n = ::send(file_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return errno;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return 0;
}

int TcpConnection::receive_all(std::string& out, size_t limit, int timeout_ms) {
  int64_t deadline = deadline_after(timeout_ms);
  char buffer[16'384];
  for (;;) {
    if (int error = wait_for(file_.fd(), POLLIN, deadline)) return error;
    ssize_t n = ::recv(file_.fd(), buffer, sizeof buffer, 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return errno;
    if (n == 0) return 0;
    out.append(buffer, static_cast<size_t>(n));
    if (out.size() > limit) return EMSGSIZE;
  }
}

static constexpr int kBacklog = 1'024;
static constexpr int kSendBufferBytes = 128 << 10;  // the kernel doubles it

TcpListener TcpListener::listen(const Endpoint& endpoint, int& error) {
  error = 0;
  const bool as_v4 = endpoint.address.is_v4();
  File file(::socket(as_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(endpoint.port);
  if (as_v4) four.sin_addr.s_addr = htonl(endpoint.address.v4_host_order());
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(endpoint.port);
  std::memcpy(&six.sin6_addr, endpoint.address.bytes.data(), sizeof six.sin6_addr);
  const auto* address = as_v4 ? reinterpret_cast<const sockaddr*>(&four) : reinterpret_cast<const sockaddr*>(&six);
  int on = 1, off = 0;
  if (file.is_open()) ::setsockopt(file.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (file.is_open() && !as_v4) ::setsockopt(file.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (!file.is_open() || ::bind(file.fd(), address, as_v4 ? sizeof four : sizeof six) != 0 ||
      ::listen(file.fd(), kBacklog) != 0) {
    error = errno;
    return {};
  }
  return TcpListener(std::move(file));
}

uint16_t TcpListener::port() const { return bound_port(file_.fd()); }

File TcpListener::accept(int& error) const {
  File socket(::accept4(file_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  error = socket.is_open() ? 0 : errno;
  if (error) return {};
  int size = kSendBufferBytes, on = 1;
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

static bool must_wait(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

Transfer receive_some(const File& socket, std::string& out, size_t limit) {
  const size_t before = out.size();
  ssize_t n = 0;
  int error = 0;
  out.resize_and_overwrite(before + limit, [&](char* data, size_t) {
    n = ::recv(socket.fd(), data + before, limit, 0);
    error = n < 0 ? errno : 0;
    return before + static_cast<size_t>(n > 0 ? n : 0);
  });
  return {out.size() - before, must_wait(error) ? 0 : error, n == 0};
}

Transfer send_some(const File& socket, std::string_view bytes) {
  ssize_t n = ::send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n >= 0) return {static_cast<size_t>(n), 0, false};
  return {0, must_wait(errno) ? 0 : errno, false};
}

void end_sending(const File& socket) { ::shutdown(socket.fd(), SHUT_WR); }

uint16_t bound_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  return 0;
}

}  // namespace weir::os
