// SPDX-License-Identifier: Apache-2.0
// Names of IP protocols. They are found whatever the case of their letters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// IP protocols as GoFlow2 prints them: "TCP", "IPv6-ICMP"; "unassigned", "experimental" and "reserved" for several.
inline constexpr size_t kLongestProtocolName = 32;
std::string_view proto_name(uint8_t proto);
// Of the protocols that are seen in networks: "tcp", "icmp6", "gre".
std::optional<uint8_t> protocol_number(std::string_view name);
std::vector<std::string> protocol_names();
// Also of the printed name of any other protocol that has one of its own.
std::optional<uint8_t> any_protocol_number(std::string_view name);
// "tcp" for 6; "" for numbers without a name.
std::string_view protocol_short_name(uint8_t number);

}  // namespace weir
