// SPDX-License-Identifier: Apache-2.0
#include "base/ip_address.h"

#include <arpa/inet.h>

namespace weir {

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  if (text.empty() || text.size() >= kMaxText) return std::nullopt;
  char terminated[kMaxText];
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  in_addr four;
  if (inet_pton(AF_INET, terminated, &four) == 1) return IpAddress::v4(ntohl(four.s_addr));
  uint8_t six[16];
  if (inet_pton(AF_INET6, terminated, six) == 1) return IpAddress::v6(six);
  return std::nullopt;
}

char* write_ipv4(char* out, uint32_t host_order) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    unsigned octet = (host_order >> shift) & 0xff;
    if (octet >= 100) *out++ = static_cast<char>('0' + octet / 100);
    if (octet >= 10) *out++ = static_cast<char>('0' + octet / 10 % 10);
    *out++ = static_cast<char>('0' + octet % 10);
    if (shift) *out++ = '.';
  }
  return out;
}

char* IpAddress::write(char* out) const {
  if (is_v4()) return write_ipv4(out, v4_host_order());
  char text[INET6_ADDRSTRLEN];
  inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
  size_t n = std::strlen(text);
  std::memcpy(out, text, n);
  return out + n;
}

std::string IpAddress::to_string() const {
  char text[kMaxText];
  return std::string(text, write(text));
}

IpAddress IpAddress::masked(unsigned length) const {
  unsigned keep = is_v4() ? 96 + length : length;
  IpAddress a = *this;
  for (unsigned i = 0; i < 16; ++i) {
    if (keep >= (i + 1) * 8) continue;
    unsigned bits = keep > i * 8 ? keep - i * 8 : 0;
    a.bytes[i] = static_cast<uint8_t>(a.bytes[i] & (0xff00u >> bits));
  }
  return a;
}

}  // namespace weir
