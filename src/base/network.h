// SPDX-License-Identifier: Apache-2.0
// A network of IP addresses, as written in a configuration: 192.0.2.0/24, 2001:db8::/32, or one address.
#pragma once

#include <string>

#include "base/ip_address.h"

namespace weir {

struct Network {
  IpAddress address;    // masked
  unsigned length = 0;  // prefix length: up to 32 for IPv4, 128 for IPv6

  bool contains(const IpAddress& other) const {
    return other.is_v4() == address.is_v4() && other.masked(length) == address;
  }
  std::string to_string() const { return address.to_string() + "/" + std::to_string(length); }
  bool operator==(const Network&) const = default;
};

// Parses an address or ADDRESS/LENGTH. Throws usage_error: what is wrong with it and what to write instead.
Network parse_network(const std::string& text);

}  // namespace weir
