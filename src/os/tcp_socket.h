// SPDX-License-Identifier: Apache-2.0
// TCP: a connection for a client that waits (each call ends by its deadline), and what a server that waits for many
// needs (no call waits).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "os/file.h"
#include "os/udp_socket.h"

namespace weir::os {

class TcpConnection {
 public:
  // To a name or a literal address (no brackets). Every address of the name is tried. Throws runtime_failure.
  static TcpConnection connect(const std::string& host, uint16_t port, int timeout_ms);

  int send_all(std::string_view bytes, int timeout_ms);  // 0 or errno
  // Appends what arrives until the peer closes, `out` is larger than `limit` (EMSGSIZE), or the time is over
  // (ETIMEDOUT). 0 or errno.
  int receive_all(std::string& out, size_t limit, int timeout_ms);

 private:
  explicit TcpConnection(File file) : file_(std::move(file)) {}
  File file_;
};

class TcpListener {
 public:
  // "::" listens on IPv4 too. `error`: 0 or errno.
  static TcpListener listen(const Endpoint& endpoint, int& error);
  TcpListener() = default;

  int fd() const { return file_.fd(); }
  uint16_t port() const;
  // The next connection, or none (`error`: EAGAIN, or what is wrong). It never waits, and keeps no more than about
  // 256 KiB that its reader has not taken.
  File accept(int& error) const;

 private:
  explicit TcpListener(File file) : file_(std::move(file)) {}
  File file_;
};

struct Transfer {
  size_t bytes = 0;
  int error = 0;       // errno; 0 also where it would have to wait
  bool ended = false;  // the peer sends no more
};
// What there is, at most `most` bytes, appended to `out`.
Transfer receive_some(const File& socket, std::string& out, size_t limit);
// As much as the kernel takes.
Transfer send_some(const File& socket, std::string_view bytes);
void end_sending(const File& socket);  // the peer reads what was sent, then the end

// The port to which a socket is bound; 0 where it is not.
uint16_t bound_port(int fd);

}  // namespace weir::os
