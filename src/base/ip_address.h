// SPDX-License-Identifier: Apache-2.0
// An IPv4 or IPv6 address as 16 bytes in network order; IPv4 is stored as a v4-mapped address
// (::ffff:a.b.c.d, RFC 4291 §2.5.5.2). All zero bytes ("::") also stand for "no address".
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

struct IpAddress {
  std::array<uint8_t, 16> bytes{};

  static IpAddress v4(uint32_t host_order) {
    IpAddress a;
    a.bytes[10] = a.bytes[11] = 0xff;
    a.bytes[12] = static_cast<uint8_t>(host_order >> 24);
    a.bytes[13] = static_cast<uint8_t>(host_order >> 16);
    a.bytes[14] = static_cast<uint8_t>(host_order >> 8);
    a.bytes[15] = static_cast<uint8_t>(host_order);
    return a;
  }
  static IpAddress v6(const uint8_t* network_order) {
    IpAddress a;
    std::memcpy(a.bytes.data(), network_order, 16);
    return a;
  }
  // Parses "192.0.2.1", "2001:db8::1", "[2001:db8::1]"; nullopt for any other text.
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_v4() const {
    static constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return std::memcmp(bytes.data(), kMapped, sizeof kMapped) == 0;
  }
  bool is_zero() const { return *this == IpAddress{}; }
  uint32_t v4_host_order() const {
    return uint32_t{bytes[12]} << 24 | uint32_t{bytes[13]} << 16 | uint32_t{bytes[14]} << 8 | bytes[15];
  }

  // Writes the canonical text (RFC 5952; v4-mapped as dotted quad), not null-terminated. `out` must hold at least
  // kMaxText bytes; returns the end of the text. Allocates nothing.
  static constexpr size_t kMaxText = 46;
  char* write(char* out) const;
  std::string to_string() const;

  // The address with all but the first `length` bits cleared (`length` is at most 32 for IPv4, 128 for IPv6).
  IpAddress masked(unsigned length) const;

  auto operator<=>(const IpAddress&) const = default;

  template <class H>
  friend H AbslHashValue(H h, const IpAddress& a) {
    return H::combine_contiguous(std::move(h), a.bytes.data(), a.bytes.size());
  }
};

// Writes a dotted quad; `out` holds at least 15 bytes; returns the end.
char* write_ipv4(char* out, uint32_t host_order);

}  // namespace weir
