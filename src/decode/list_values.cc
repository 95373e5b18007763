// SPDX-License-Identifier: Apache-2.0
#include "decode/list_values.h"

#include <algorithm>

namespace weir {
namespace {

// Label 20 bits, EXP 3, S 1; if there are four octets, the last is a TTL.
uint32_t label_section(const FieldBytes& section) {
  return static_cast<uint32_t>(load_be_any(section.at, section.length) >> (section.length == 4 ? 8 : 0));
}

// Label stack entry (RFC 3032 §2.1): label 20 bits, EXP 3, S 1 (set in the last entry), TTL 8. The stack ends at that
// entry, whatever follows it.
uint32_t append_stack(bool labels, const FieldBytes& element, uint32_t space, std::vector<uint32_t>& numbers) {
  uint32_t count = 0;
  for (uint32_t at = 0; at + 4 <= element.length && count < space; at += 4, ++count) {
    uint32_t entry = load_be32(element.at + at);
    numbers.push_back(labels ? entry >> 12 : entry & 0xff);
    if (entry >> 8 & 1) return count + 1;
  }
  return count;
}

}  // namespace

bool is_no_label(const FieldBytes& section) { return label_section(section) == 0; }
bool is_bottom_label(const FieldBytes& section) { return label_section(section) & 1; }

uint32_t append_values(Convert convert, const FieldBytes& element, uint32_t space, std::vector<uint32_t>& numbers,
                       std::vector<IpAddress>& addresses) {
  if (space == 0) return 0;
  switch (convert) {
    case Convert::list_number:
      return numbers.push_back(static_cast<uint32_t>(load_be_any(element.at, element.length))), 1;
    case Convert::list_label:
      return numbers.push_back(label_section(element) >> 4), 1;
    case Convert::list_stack_labels:
    case Convert::list_stack_ttls:
      return append_stack(convert == Convert::list_stack_labels, element, space, numbers);
    case Convert::list_address4:
      return addresses.push_back(IpAddress::v4(load_be32(element.at))), 1;
    case Convert::list_address6:
      return addresses.push_back(IpAddress::v6(element.at)), 1;
    case Convert::list_addresses6: {
      uint32_t count = std::min(space, element.length / 16);
      for (uint32_t i = 0; i < count; ++i) addresses.push_back(IpAddress::v6(element.at + size_t{16} * i));
      return count;
    }
    default:
      return 0;
  }
}

}  // namespace weir
