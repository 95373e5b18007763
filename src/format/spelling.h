// SPDX-License-Identifier: Apache-2.0
// Writes values as text: numbers, MAC addresses, and GoFlow2 2.2.6's names. The functions write into a buffer with
// enough space (the size is given for each), return the end of what they wrote, and allocate nothing.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/ip_address.h"

namespace weir {

// Decimal text of 0 to 99, two digits each.
inline constexpr auto kTwoDigits = [] {
  std::array<char, 200> digits{};
  for (unsigned i = 0; i < 100; ++i) {
    digits[2 * i] = static_cast<char>('0' + i / 10);
    digits[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return digits;
}();

inline char* write_2_digits(char* out, unsigned value) {
  std::memcpy(out, &kTwoDigits[2 * value], 2);
  return out + 2;
}
inline char* write_4_digits(char* out, unsigned value) {
  return write_2_digits(write_2_digits(out, value / 100), value % 100);
}
inline char* write_8_digits(char* out, unsigned value) {
  return write_4_digits(write_4_digits(out, value / 10'000), value % 10'000);
}
// Values below 10,000, without leading zeros.
inline char* write_short(char* out, unsigned value) {
  if (value >= 100) {
    out = write_short(out, value / 100);
    return write_2_digits(out, value % 100);
  }
  if (value >= 10) return write_2_digits(out, value);
  *out = static_cast<char>('0' + value);
  return out + 1;
}
// Values below 100,000,000, without leading zeros.
inline char* write_medium(char* out, unsigned value) {
  if (value < 10'000) return write_short(out, value);
  return write_4_digits(write_short(out, value / 10'000), value % 10'000);
}
// At most 20 bytes.
inline char* write_unsigned(char* out, uint64_t value) {
  constexpr uint64_t k8 = 100'000'000;
  if (value < k8) return write_medium(out, static_cast<unsigned>(value));
  if (value < k8 * k8)
    return write_8_digits(write_medium(out, static_cast<unsigned>(value / k8)), static_cast<unsigned>(value % k8));
  uint64_t high = value / k8;
  out = write_medium(out, static_cast<unsigned>(high / k8));
  out = write_8_digits(out, static_cast<unsigned>(high % k8));
  return write_8_digits(out, static_cast<unsigned>(value % k8));
}
// At most 20 bytes.
inline char* write_signed(char* out, int64_t value) {
  if (value >= 0) return write_unsigned(out, static_cast<uint64_t>(value));
  *out = '-';
  return write_unsigned(out + 1, 0 - static_cast<uint64_t>(value));
}

// The shortest text that reads back as the same number; "null" for what JSON lacks (infinity, NaN). At most 24 bytes.
char* write_float(char* out, double value);

// "00:1b:21:aa:bb:cc", 17 bytes; from the low 48 bits.
char* write_mac(char* out, uint64_t mac);

// "192.0.2.0/24" or "2001:db8::/32": the address with all bits after the prefix cleared, or "invalid Prefix" if the
// length does not fit the address. At most 49 bytes.
inline constexpr std::string_view kInvalidNetwork = "invalid Prefix";
char* write_network(char* out, const IpAddress& address, unsigned length);

// A CSV field (RFC 4180): in quotes where it has to be. At most 2 bytes for one of its own, and 2.
char* write_csv_text(char* out, std::string_view text);

// "IPv4", "IPv6", "ARP", otherwise "".
std::string_view etype_name(uint16_t etype);

// The name of a layer of a sampled packet header (wire/packet_headers.h), numbered as in GoFlow2's schema, Weir's own
// from 1000; "" for other numbers.
struct LayerName {
  uint32_t number;
  std::string_view name;
};
inline constexpr LayerName kLayerNames[] = {{0, "Ethernet"},
                                            {1, "IPv4"},
                                            {2, "IPv6"},
                                            {3, "TCP"},
                                            {4, "UDP"},
                                            {5, "MPLS"},
                                            {6, "Dot1Q"},
                                            {7, "ICMP"},
                                            {8, "ICMPv6"},
                                            {9, "GRE"},
                                            {10, "IPv6HeaderRouting"},
                                            {11, "IPv6HeaderFragment"},
                                            {12, "Geneve"},
                                            {13, "Teredo"},
                                            {99, "Custom"},
                                            {1000, "IPv6HeaderHopByHop"},
                                            {1001, "IPv6HeaderDestination"},
                                            {1002, "AH"},
                                            {1003, "VXLAN"},
                                            {1004, "PPPoE"}};
std::string_view layer_name(uint32_t layer);

}  // namespace weir
