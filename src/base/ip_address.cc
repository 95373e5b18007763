// SPDX-License-Identifier: Apache-2.0
#include "base/ip_address.h"

#include <arpa/inet.h>

#include <bit>

#include "base/hex.h"

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

namespace {

// The decimal text of each octet followed by a point: three digits at most, so it fits in one 32-bit word.
struct OctetText {
  char text[4];
  uint8_t digits;
};
constexpr std::array<OctetText, 256> octet_texts() {
  std::array<OctetText, 256> table{};
  for (unsigned i = 0; i < 256; ++i) {
    OctetText& t = table[i];
    if (i >= 100) t.text[t.digits++] = static_cast<char>('0' + i / 100);
    if (i >= 10) t.text[t.digits++] = static_cast<char>('0' + i / 10 % 10);
    t.text[t.digits++] = static_cast<char>('0' + i % 10);
    t.text[t.digits] = '.';
  }
  return table;
}
constexpr std::array<OctetText, 256> kOctets = octet_texts();

char* write_group(char* out, unsigned group) {
  for (int shift = group >= 0x1000 ? 12 : group >= 0x100 ? 8 : group >= 0x10 ? 4 : 0; shift >= 0; shift -= 4)
    *out++ = kHexDigits[(group >> shift) & 0xf];
  return out;
}

// RFC 5952 §4: lower case, no leading zeros, "::" for the first of the longest runs of at least two zero groups.
char* write_ipv6(char* out, const uint8_t* bytes) {
  unsigned groups[8];
  for (int i = 0; i < 8; ++i) groups[i] = static_cast<unsigned>(bytes[2 * i] << 8 | bytes[2 * i + 1]);
  int gap = -1, gap_groups = 1;  // with no gap, gap + gap_groups is 0: no group follows it
  for (int i = 0; i < 8; ++i) {
    int end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > gap_groups) gap = i, gap_groups = end - i;
    if (end > i) i = end - 1;
  }
  for (int i = 0; i < 8; ++i) {
    if (i == gap) {
      *out++ = ':';
      *out++ = ':';
      i += gap_groups - 1;
      continue;
    }
    if (i > 0 && i != gap + gap_groups) *out++ = ':';
    out = write_group(out, groups[i]);
  }
  return out;
}

}  // namespace

char* write_ipv4(char* out, uint32_t host_order) {
  for (int shift = 24; shift > 0; shift -= 8) {
    const OctetText& octet = kOctets[(host_order >> shift) & 0xff];
    std::memcpy(out, octet.text, 4);
    out += octet.digits + 1;
  }
  const OctetText& last = kOctets[host_order & 0xff];
  std::memcpy(out, last.text, last.digits);
  return out + last.digits;
}

char* IpAddress::write(char* out) const {
  if (is_v4()) return write_ipv4(out, v4_host_order());
  return write_ipv6(out, bytes.data());
}

std::string IpAddress::to_string() const {
  char text[kMaxText];
  return std::string(text, write(text));
}

IpAddress IpAddress::masked(unsigned length) const {
  const unsigned keep = is_v4() ? 96 + length : length;
  // The first `bits` bits of eight bytes in network order.
  auto mask = [](unsigned bits) {
    uint64_t ones = bits == 0 ? 0 : bits >= 64 ? ~uint64_t{0} : ~uint64_t{0} << (64 - bits);
    return std::endian::native == std::endian::little ? __builtin_bswap64(ones) : ones;
  };
  std::array<uint64_t, 2> words;
  std::memcpy(words.data(), bytes.data(), sizeof words);
  words[0] &= mask(keep);
  words[1] &= mask(keep > 64 ? keep - 64 : 0);
  IpAddress a;
  std::memcpy(a.bytes.data(), words.data(), sizeof words);
  return a;
}

}  // namespace weir
