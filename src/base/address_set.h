// SPDX-License-Identifier: Apache-2.0
// AddressSet: a set of IP addresses of both families, as ranges of 128-bit numbers. IPv4 addresses are numbers in
// ::ffff:0:0/96 (base/ip_address.h). An IPv6 network never contains IPv4 addresses, not even ::/0.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/range_set.h"

namespace weir {

using AddressRange = Range<Uint128>;
using AddressSet = RangeSet<Uint128>;

inline Uint128 address_number(const IpAddress& address) {
  uint64_t high, low;
  std::memcpy(&high, address.bytes.data(), 8);
  std::memcpy(&low, address.bytes.data() + 8, 8);
  return Uint128{__builtin_bswap64(high)} << 64 | __builtin_bswap64(low);
}
IpAddress address_of(Uint128 number);

// Appends the addresses of "192.0.2.1", "192.0.2.0/24", "2001:db8::/32", "192.0.2.1-192.0.2.9" (also with ".."). Bits
// after the prefix length are ignored. False for any other text, or a range of two families or in the wrong order.
bool add_addresses(std::string_view text, std::vector<AddressRange>& ranges);
// Network and netmask: "192.0.2.0", "255.255.255.0". False if the mask is not one, or the families differ.
bool add_masked(std::string_view network, std::string_view mask, std::vector<AddressRange>& ranges);
// A list of what add_addresses() reads, separated by commas or blanks; nullopt if one of them is wrong.
std::optional<AddressSet> parse_address_set(std::string_view text);

// The reverse of add_addresses(): addresses, networks and ranges, each of one family.
std::vector<std::string> address_texts(const AddressSet& set);
// The reverse of parse_address_set(): the same, separated by commas.
std::string address_set_text(const AddressSet& set);

}  // namespace weir
