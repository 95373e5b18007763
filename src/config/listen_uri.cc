// SPDX-License-Identifier: Apache-2.0
#include "config/listen_uri.h"

#include <charconv>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace weir {
namespace {

constexpr std::string_view kSchemeMark = "://";

// Protocols are distinguished by content on every socket: the scheme only sets the default port.
struct Scheme {
  std::string_view name;
  uint16_t port;
};
constexpr Scheme kSchemes[] = {{"netflow", 2055}, {"sflow", 6343}};

// Schemes that are planned but not in this version: rejected by name, so that nobody takes them for a typing error.
bool is_planned(std::string_view scheme) { return scheme == "ipfix+tcp" || scheme == "ipfix+tls"; }

const Scheme& parse_scheme(const std::string& uri, const std::string& name) {
  std::vector<std::string> names;
  for (const Scheme& scheme : kSchemes) {
    if (name == scheme.name) return scheme;
    names.emplace_back(scheme.name);
  }
  if (is_planned(name))
    throw usage_error("\"" + uri + "\": this version does not have " + name +
                      ":// listeners; it receives NetFlow, IPFIX and sFlow over UDP, with netflow://ADDRESS:PORT or "
                      "sflow://ADDRESS:PORT");
  std::string hint = nearest(name, names);
  throw usage_error("\"" + uri + "\": unknown scheme \"" + name + "\"; " +
                    (hint.empty() ? "there are netflow:// (NetFlow v1, v5, v7, v9 and IPFIX over UDP) and sflow:// "
                                    "(sFlow v5)"
                                  : "did you mean " + hint + "://?"));
}

uint16_t parse_port(const std::string& uri, std::string_view text) {
  unsigned port = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  bool whole = failed == std::errc{} && end == text.data() + text.size();
  if (!whole || port == 0 || port > 65'535)
    throw usage_error("\"" + uri + "\": \"" + std::string(text) + "\" is not a port; write a number from 1 to 65535");
  return static_cast<uint16_t>(port);
}

// The position of the port's colon in "HOST:PORT"; a colon inside brackets belongs to the address.
std::optional<size_t> port_colon(std::string_view authority) {
  size_t bracket = authority.rfind(']');
  size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) return std::nullopt;
  return colon;
}

IpAddress parse_host(const std::string& uri, std::string_view host) {
  if (host.empty()) return {};
  bool bare_v6 = host.front() != '[' && host.find(':') != std::string_view::npos;
  std::optional<IpAddress> address = IpAddress::parse(host);
  if (bare_v6)
    throw usage_error("\"" + uri + "\": an IPv6 address stands in brackets, as in netflow://[2001:db8::1]:2055");
  if (!address)
    throw usage_error("\"" + uri + "\": \"" + std::string(host) +
                      "\" is not an IP address; write one of this machine's addresses, or none to listen on all");
  return *address;
}

}  // namespace

Listener parse_listen_uri(const std::string& uri) {
  size_t mark = uri.find(kSchemeMark);
  if (mark == std::string::npos)
    throw usage_error("\"" + uri + "\" is not a listen URI; write netflow://ADDRESS:PORT, as in netflow://:2055");
  const Scheme& scheme = parse_scheme(uri, uri.substr(0, mark));
  std::string_view authority = std::string_view(uri).substr(mark + kSchemeMark.size());
  if (authority.ends_with('/')) authority.remove_suffix(1);
  std::optional<size_t> colon = port_colon(authority);
  std::string_view host = authority.substr(0, colon.value_or(authority.size()));
  Listener listener;
  listener.uri = uri;
  listener.endpoint.address = parse_host(uri, host);
  listener.endpoint.port = colon ? parse_port(uri, authority.substr(*colon + 1)) : scheme.port;
  return listener;
}

}  // namespace weir
