// SPDX-License-Identifier: Apache-2.0
#include "elements/element_registry.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace weir {
namespace {

using enum AbstractType;
using enum Semantics;

constexpr ElementInfo kRegistry[] = {
#include "elements/element_registry.inc"
};

constexpr uint64_t key_of(const ElementInfo& element) { return uint64_t{element.pen} << 16 | element.id; }
static_assert(std::ranges::is_sorted(kRegistry, {}, key_of));

constexpr uint32_t kCiscoPen = 9;
constexpr uint16_t kEnterpriseBit = 0x8000;

constexpr std::string_view kTypeNames[] = {"octetArray",
                                           "unsigned8",
                                           "unsigned16",
                                           "unsigned32",
                                           "unsigned64",
                                           "unsigned256",
                                           "signed8",
                                           "signed16",
                                           "signed32",
                                           "signed64",
                                           "float32",
                                           "float64",
                                           "boolean",
                                           "macAddress",
                                           "string",
                                           "dateTimeSeconds",
                                           "dateTimeMilliseconds",
                                           "dateTimeMicroseconds",
                                           "dateTimeNanoseconds",
                                           "ipv4Address",
                                           "ipv6Address",
                                           "basicList",
                                           "subTemplateList",
                                           "subTemplateMultiList"};
static_assert(std::size(kTypeNames) == static_cast<size_t>(subTemplateMultiList) + 1);

// RFC 3954 §6.1, indexed by type.
constexpr std::string_view kScopes[] = {"", "System", "Interface", "LineCard", "Cache", "Template"};

}  // namespace

std::string_view type_name(AbstractType type) { return kTypeNames[static_cast<size_t>(type)]; }

const ElementInfo* find_element(uint32_t pen, uint16_t id) {
  uint64_t key = uint64_t{pen} << 16 | id;
  const auto* found = std::ranges::lower_bound(kRegistry, key, {}, key_of);
  return found != std::end(kRegistry) && key_of(*found) == key ? found : nullptr;
}

const ElementInfo* find_element(std::string_view name, uint32_t pen) {
  const auto* found =
      std::ranges::find_if(kRegistry, [&](const ElementInfo& e) { return e.pen == pen && e.name == name; });
  return found != std::end(kRegistry) ? found : nullptr;
}

const ElementInfo* find_element_of(Protocol protocol, uint32_t pen, uint16_t id) {
  if (is_scope_type(protocol, pen)) return nullptr;
  if (pen == kReversePen) return find_element(0, id);
  if (protocol == Protocol::netflow9 && (id & kEnterpriseBit)) return find_element(kCiscoPen, id & ~kEnterpriseBit);
  return find_element(pen, id);
}

std::string element_name(Protocol protocol, uint32_t pen, uint16_t id) {
  if (is_scope_type(protocol, pen))
    return id > 0 && id < std::size(kScopes) ? std::string(kScopes[id]) : std::to_string(id);
  const ElementInfo* element = find_element_of(protocol, pen, id);
  if (!element) return std::to_string(pen) + "/" + std::to_string(id);
  std::string name(element->name);
  if (pen != kReversePen || name.empty()) return name;
  if (name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 'a' + 'A');
  return "reverse" + name;
}

}  // namespace weir
