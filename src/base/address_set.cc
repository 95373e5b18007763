// SPDX-License-Identifier: Apache-2.0
#include "base/address_set.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace weir {
namespace {

constexpr Uint128 kFirstV4 = Uint128{0xffff} << 32, kLastV4 = kFirstV4 | 0xffffffff;
constexpr Uint128 kAll = ~Uint128{0};

bool is_v4(Uint128 number) { return number >= kFirstV4 && number <= kLastV4; }

// The last `bits` bits.
Uint128 host_mask(unsigned bits) { return bits >= 128 ? kAll : (Uint128{1} << bits) - 1; }

// Without the IPv4 addresses, if its ends are IPv6.
void add_range(Uint128 first, Uint128 last, std::vector<AddressRange>& ranges) {
  if (first >= kFirstV4 || last < kFirstV4) return ranges.push_back({first, last});
  ranges.push_back({first, kFirstV4 - 1});
  if (last > kLastV4) ranges.push_back({kLastV4 + 1, last});
}

bool add_prefix(const IpAddress& address, unsigned length, std::vector<AddressRange>& ranges) {
  const unsigned width = address.is_v4() ? 32 : 128;
  if (length > width) return false;
  const Uint128 hosts = host_mask(width - length), number = address_number(address);
  add_range(number & ~hosts, number | hosts, ranges);
  return true;
}

// "172.16" as "172.16.0.0": octets at the end may be left out of a network, as in tcpdump.
std::string with_all_octets(std::string_view text) {
  std::string all(text);
  if (!text.contains(':'))
    for (auto dots = std::ranges::count(text, '.'); dots < 3; ++dots) all += ".0";
  return all;
}

bool add_network(std::string_view text, size_t slash, std::vector<AddressRange>& ranges) {
  auto address = IpAddress::parse(with_all_octets(text.substr(0, slash)));
  std::string_view digits = text.substr(slash + 1);
  unsigned length = 0;
  auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  bool whole = failed == std::errc{} && end == digits.data() + digits.size();
  // ::ffff:192.0.2.0/120 is 192.0.2.0/24.
  if (address && address->is_v4() && text.substr(0, slash).contains(':')) {
    if (length < 96) return false;
    length -= 96;
  }
  return address && whole && add_prefix(*address, length, ranges);
}

bool add_ends(std::string_view from, std::string_view to, std::vector<AddressRange>& ranges) {
  auto first = IpAddress::parse(from), last = IpAddress::parse(to);
  if (!first || !last || first->is_v4() != last->is_v4()) return false;
  Uint128 begin = address_number(*first), end = address_number(*last);
  if (begin > end) return false;
  add_range(begin, end, ranges);
  return true;
}

// The prefix length of a range that is a network; -1 for others.
int prefix_length(const AddressRange& range) {
  const Uint128 size = range.last - range.first;  // less 1
  if ((size & (size + 1)) != 0 || (range.first & size) != 0) return -1;
  int hosts = 0;
  while (hosts < 128 && (size >> hosts & 1)) ++hosts;
  return (is_v4(range.first) ? 32 : 128) - hosts;
}

std::string range_text(const AddressRange& range) {
  std::string first = address_of(range.first).to_string();
  if (range.first == range.last) return first;
  if (int length = prefix_length(range); length >= 0) return first + "/" + std::to_string(length);
  return first + "-" + address_of(range.last).to_string();
}

}  // namespace

IpAddress address_of(Uint128 number) {
  IpAddress address;
  for (size_t i = 0; i < 16; ++i) address.bytes[i] = static_cast<uint8_t>(number >> (120 - 8 * i));
  return address;
}

bool add_addresses(std::string_view text, std::vector<AddressRange>& ranges) {
  if (size_t slash = text.find('/'); slash != std::string_view::npos) return add_network(text, slash, ranges);
  if (size_t dots = text.find(".."); dots != std::string_view::npos)
    return add_ends(text.substr(0, dots), text.substr(dots + 2), ranges);
  if (size_t dash = text.find('-'); dash != std::string_view::npos)
    return add_ends(text.substr(0, dash), text.substr(dash + 1), ranges);
  auto address = IpAddress::parse(text);
  return address && add_prefix(*address, address->is_v4() ? 32 : 128, ranges);
}

bool add_masked(std::string_view network, std::string_view mask, std::vector<AddressRange>& ranges) {
  auto address = IpAddress::parse(network), ones = IpAddress::parse(mask);
  if (!address || !ones || address->is_v4() != ones->is_v4()) return false;
  const Uint128 number = address_number(*ones);
  const unsigned width = ones->is_v4() ? 32 : 128;
  unsigned length = 0;
  while (length < width && (number >> (width - 1 - length) & 1)) ++length;
  return (number & host_mask(width - length)) == 0 && add_prefix(*address, length, ranges);
}

std::optional<AddressSet> parse_address_set(std::string_view text) {
  constexpr std::string_view kBetween = ", \t\n";
  std::vector<AddressRange> ranges;
  for (size_t at = text.find_first_not_of(kBetween); at != std::string_view::npos;) {
    size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    if (!add_addresses(text.substr(at, end - at), ranges)) return {};
    at = text.find_first_not_of(kBetween, end);
  }
  return AddressSet(std::move(ranges));
}

std::vector<std::string> address_texts(const AddressSet& set) {
  std::vector<std::string> texts;
  auto add = [&](Uint128 first, Uint128 last) {
    if (first <= last) texts.push_back(range_text({first, last}));
  };
  for (const AddressRange& range : set.ranges()) {
    add(range.first, std::min(range.last, kFirstV4 - 1));
    add(std::max(range.first, kFirstV4), std::min(range.last, kLastV4));
    add(std::max(range.first, kLastV4 + 1), range.last);
  }
  return texts;
}

std::string address_set_text(const AddressSet& set) { return join_list(address_texts(set)); }

}  // namespace weir
