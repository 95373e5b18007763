// SPDX-License-Identifier: Apache-2.0
#include "os/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <charconv>

#include "base/error.h"

namespace weir::os {

IpAddress resolve(const std::string& host) {
  if (auto address = IpAddress::parse(host)) return *address;
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0)
    throw usage_error("cannot find the host \"" + host + "\": " + ::gai_strerror(error) +
                      "; check the name, or give an address");
  IpAddress address;
  if (found->ai_family == AF_INET) {
    address = IpAddress::v4(ntohl(reinterpret_cast<sockaddr_in*>(found->ai_addr)->sin_addr.s_addr));
  } else {
    address = IpAddress::v6(reinterpret_cast<sockaddr_in6*>(found->ai_addr)->sin6_addr.s6_addr);
  }
  ::freeaddrinfo(found);
  return address;
}

Endpoint resolve_endpoint(const std::string& text) {
  size_t colon = text.rfind(':');
  std::string wanted = "\"" + text + "\" is not HOST:PORT (192.0.2.1:2055, [2001:db8::1]:2055, collector:2055)";
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) throw usage_error(wanted);
  std::string host = text.substr(0, colon);
  if (host.find(':') != std::string::npos && host.front() != '[') throw usage_error(wanted);
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  auto parsed = std::from_chars(text.data() + colon + 1, end, port);
  if (parsed.ec != std::errc{} || parsed.ptr != end || port == 0)
    throw usage_error("\"" + text.substr(colon + 1) + "\" in \"" + text + "\" is not a port (1 to 65535)");
  return {resolve(host), port};
}

bool allow_open_files(size_t count) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  if (limit.rlim_cur >= count) return true;
  limit.rlim_cur = std::min<rlim_t>(std::max<rlim_t>(count, limit.rlim_cur), limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= count;
}

}  // namespace weir::os
