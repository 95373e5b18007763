// SPDX-License-Identifier: Apache-2.0
#include "format/spelling.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/hex.h"
#include "base/text.h"

namespace weir {

std::string_view etype_name(uint16_t etype) {
  switch (etype) {
    case 0x0800:
      return "IPv4";
    case 0x86dd:
      return "IPv6";
    case 0x0806:
      return "ARP";
  }
  return "";
}

std::string_view layer_name(uint32_t layer) {
  for (const LayerName& known : kLayerNames)
    if (known.number == layer) return known.name;
  return "";
}

char* write_mac(char* out, uint64_t mac) {
  for (int shift = 40; shift >= 0; shift -= 8) {
    out = write_hex(out, static_cast<uint8_t>(mac >> shift));
    if (shift) *out++ = ':';
  }
  return out;
}

char* write_float(char* out, double value) {
  constexpr size_t kMax = 24;
  if (std::isfinite(value)) return std::to_chars(out, out + kMax, value).ptr;
  std::memcpy(out, "null", 4);
  return out + 4;
}

char* write_csv_text(char* out, std::string_view text) {
  if (text.find_first_of("\",\r\n") == text.npos) {
    std::memcpy(out, text.data(), text.size());
    return out + text.size();
  }
  *out++ = '"';
  for (char c : text) {
    if (c == '"') *out++ = '"';
    *out++ = c;
  }
  *out++ = '"';
  return out;
}

char* write_network(char* out, const IpAddress& address, unsigned length) {
  bool four = address.is_v4();
  if (length > (four ? 32u : 128u)) {
    std::memcpy(out, kInvalidNetwork.data(), kInvalidNetwork.size());
    return out + kInvalidNetwork.size();
  }
  if (four)
    out = write_ipv4(out, length ? address.v4_host_order() & ~0u << (32 - length) : 0);
  else
    out = address.masked(length).write(out);
  *out++ = '/';
  return write_short(out, length);
}

}  // namespace weir
