// SPDX-License-Identifier: Apache-2.0
#include "base/network.h"

#include <charconv>
#include <optional>

#include "base/error.h"

namespace weir {

static std::optional<unsigned> length_of(std::string_view text, unsigned limit) {
  unsigned length = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (failed != std::errc{} || end != text.data() + text.size() || length > limit) return {};
  return length;
}

Network parse_network(const std::string& text) {
  const size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  const unsigned limit = address && address->is_v4() ? 32 : 128;
  const auto length = slash == text.npos ? limit : length_of(std::string_view(text).substr(slash + 1), limit);
  if (!address || !length)
    throw usage_error("\"" + text +
                      "\" is no address and no network; write one as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32");
  if (address->masked(*length) != *address)
    throw usage_error("\"" + text + "\" has bits after its prefix; write " + address->masked(*length).to_string() +
                      "/" + std::to_string(*length) + ", or the address alone");
  return {*address, *length};
}

}  // namespace weir
