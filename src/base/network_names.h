// SPDX-License-Identifier: Apache-2.0
// Names of services, Ethertypes and TCP flags. They are found whatever the case of their letters.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weir {

// Well-known ports (IANA's names and those in common use): "https" for 443.
struct Service {
  uint16_t port;
  std::string_view name;
};
std::span<const Service> services();
std::optional<uint16_t> service_port(std::string_view name);
std::string_view service_name(uint16_t port);  // "" for others

std::optional<uint16_t> ethertype_number(std::string_view name);

// Letters of TCP flags, in the order of their bits: F S R P A U E C (RFC 9293 §3.1).
inline constexpr std::string_view kTcpFlagLetters = "FSRPAUEC";
// "SA" or "X" (the six of RFC 793) as bits; nullopt if a letter is none of these.
std::optional<uint8_t> tcp_flag_bits(std::string_view letters);

std::string lower(std::string_view text);

}  // namespace weir
