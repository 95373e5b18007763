// SPDX-License-Identifier: Apache-2.0
#include "http/address.h"

#include <charconv>
#include <string_view>

#include "base/error.h"

namespace weir {

os::Endpoint parse_http_address(const std::string& address) {
  auto wrong = [&](const std::string& why) {
    return usage_error("\"" + address + "\" is not an address for HTTP: " + why +
                       "; write it as 127.0.0.1:8080, [::1]:8080 or :8080");
  };
  size_t colon = address.rfind(':');
  if (colon == std::string::npos) throw wrong("the port is missing");
  std::string host = address.substr(0, colon);
  std::string_view digits = std::string_view(address).substr(colon + 1);
  unsigned port = 0;
  auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failed != std::errc{} || end != digits.data() + digits.size() || port > 65'535)
    throw wrong("the port must be a number up to 65535");
  if (host.empty() || host == "localhost") host = "127.0.0.1";
  bool is_v6 = host.find(':') != std::string::npos;
  if (is_v6 && host.front() != '[') throw wrong("an IPv6 address must stand in brackets");
  auto parsed = IpAddress::parse(host);
  if (!parsed) throw wrong("the host must be a literal address");
  return {*parsed, static_cast<uint16_t>(port)};
}

// For a server that listens on every address, loopback is used.
std::string http_url(const std::string& address, uint16_t port, bool tls) {
  os::Endpoint endpoint = parse_http_address(address);
  if (endpoint.address.is_zero() || endpoint.address == IpAddress::v4(0)) endpoint.address = IpAddress::v4(0x7f000001);
  endpoint.port = port;
  return (tls ? "https://" : "http://") + endpoint.to_string();
}

Url parse_url(const std::string& text) {
  auto wrong = [&](const std::string& why) {
    return usage_error("--server " + text + ": " + why + "; write it as http://127.0.0.1:8080");
  };
  Url url;
  std::string_view rest = text;
  if (size_t scheme = rest.find("://"); scheme != std::string_view::npos) {
    url.tls = rest.substr(0, scheme) == "https";
    if (!url.tls && rest.substr(0, scheme) != "http") throw wrong("it begins with http:// or https://");
    rest.remove_prefix(scheme + 3);
  }
  const size_t slash = rest.find('/');
  if (slash != std::string_view::npos) url.prefix = rest.substr(slash);
  while (url.prefix.ends_with('/')) url.prefix.pop_back();
  std::string_view host = rest.substr(0, slash);
  if (host.find_first_of("@?# \t\r\n") != std::string_view::npos ||
      url.prefix.find_first_of("?# \t\r\n") != std::string::npos)
    throw wrong("it may hold a host, a port and a path only");
  url.port = url.tls ? "443" : "80";
  const size_t colon = host.rfind(':'), bracket = host.rfind(']');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const std::string_view digits = host.substr(colon + 1);
    unsigned port = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (failed != std::errc{} || end != digits.data() + digits.size() || port == 0 || port > 65'535)
      throw wrong("the port must be a number from 1 to 65535");
    url.port = digits;
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) throw wrong("the host is missing");
  url.host = host;
  return url;
}

}  // namespace weir
