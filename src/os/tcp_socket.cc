// SPDX-License-Identifier: Apache-2.0
#include "os/tcp_socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

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

uint16_t bound_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  return 0;
}

}  // namespace weir::os
