// SPDX-License-Identifier: Apache-2.0
// TCP: a connection for a blocking client (each call ends by its deadline), and the calls for a server that waits for
// many connections at once (no call blocks).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "os/file.h"
#include "os/udp_socket.h"

namespace weir::os {

class TcpConnection {
 public:
  // Connects to a name or a literal address (no brackets). Every address of the name is tried. Throws runtime_failure.
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
  // "::" also listens on IPv4. `error`: 0 or errno.
  static TcpListener listen(const Endpoint& endpoint, int& error);
  TcpListener() = default;

  int fd() const { return file_.fd(); }
  uint16_t port() const;
  // The next connection, or none (`error`: EAGAIN, or what is wrong). It never blocks, and its send buffer holds at
  // most about 256 KiB that the peer has not read.
  File accept(int& error) const;

 private:
  explicit TcpListener(File file) : file_(std::move(file)) {}
  File file_;
};

struct Transfer {
  size_t bytes = 0;
  int error = 0;       // errno; 0 also if it would have to wait
  bool ended = false;  // the peer sends no more
};
// Appends what is available, at most `limit` bytes, to `out`.
Transfer receive_some(const File& socket, std::string& out, size_t limit);
// Sends as much as the kernel accepts.
Transfer send_some(const File& socket, std::string_view bytes);
void end_sending(const File& socket);  // the peer reads what was sent, then end of file

// The port to which a socket is bound; 0 if it is not bound.
uint16_t bound_port(int fd);

}  // namespace weir::os
