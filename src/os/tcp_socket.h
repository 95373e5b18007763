// SPDX-License-Identifier: Apache-2.0
// A TCP connection for a client that waits: each call ends by its deadline.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "os/file.h"

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

// The port to which a socket is bound; 0 where it is not.
uint16_t bound_port(int fd);

}  // namespace weir::os
