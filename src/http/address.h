// SPDX-License-Identifier: Apache-2.0
// Parses HTTP addresses (to listen on) and URLs (to request) as users write them.
#pragma once

#include <string>

#include "os/udp_socket.h"

namespace weir {

// "127.0.0.1:8080", "[::1]:8080", "localhost:8080", ":8080" (also loopback), "0.0.0.0:8080" or "[::]:8080" for every
// address. Throws usage_error.
os::Endpoint parse_http_address(const std::string& address);

// "http://127.0.0.1:8080" for a server configured with `address` that listens on `port`.
std::string http_url(const std::string& address, uint16_t port, bool tls = false);

// "http://HOST:PORT/PREFIX"; the scheme (http) and the port (80, 443) may be omitted. Throws usage_error.
struct Url {
  bool tls = false;
  std::string host, port;
  std::string prefix;  // path prefix, without a slash at its end
};
Url parse_url(const std::string& text);

}  // namespace weir
