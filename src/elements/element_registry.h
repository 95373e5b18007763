// SPDX-License-Identifier: Apache-2.0
// What information elements are called and what their octets mean: IANA's IPFIX registry and the elements of some
// enterprises. For showing and for naming elements; which of them fill the record is elements.h.
//
// Constant data: any thread. element_registry.inc is the table; test/lint/element_registry.py makes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/protocol.h"
#include "elements/elements.h"

namespace weir {

// RFC 7012 §3.1, RFC 6313 §4.5 (the three lists), and unsigned256 of IANA's registry.
enum class AbstractType : uint8_t {
  octetArray,
  unsigned8,
  unsigned16,
  unsigned32,
  unsigned64,
  unsigned256,
  signed8,
  signed16,
  signed32,
  signed64,
  float32,
  float64,
  boolean,
  macAddress,
  string,
  dateTimeSeconds,
  dateTimeMilliseconds,
  dateTimeMicroseconds,
  dateTimeNanoseconds,
  ipv4Address,
  ipv6Address,
  basicList,
  subTemplateList,
  subTemplateMultiList,
};

// RFC 7012 §3.2.
enum class Semantics : uint8_t {
  none,
  quantity,
  totalCounter,
  deltaCounter,
  identifier,
  flags,
  list,
  snmpCounter,
  snmpGauge
};

struct ElementInfo {
  uint32_t pen;
  uint16_t id;
  std::string_view name;
  AbstractType type;
  Semantics semantics;
  std::string_view units;  // "octets", "milliseconds"; "" where it has none
};

std::string_view type_name(AbstractType type);

// The element, or nullptr where the registry does not have it.
const ElementInfo* find_element(uint32_t pen, uint16_t id);
// By its name within one enterprise (0: IANA).
const ElementInfo* find_element(std::string_view name, uint32_t pen = 0);

// Whether a field of a template is a NetFlow v9 scope type: an enterprise of IPFIX may have that number.
inline bool is_scope_type(Protocol protocol, uint32_t pen) {
  return protocol == Protocol::netflow9 && pen == kScopePen;
}

// As a template of that protocol names it. NetFlow v9 has no enterprise numbers: types from 32768 on are Cisco's own,
// elements of enterprise 9 with the top bit set. An element of the reverse direction (RFC 5103) is that of the
// forward one.
const ElementInfo* find_element_of(Protocol protocol, uint32_t pen, uint16_t id);

// The name to show: the registry's; "reverseOctetDeltaCount" for the other direction (RFC 5103 §6.1); a NetFlow v9
// scope ("System", "Interface", RFC 3954 §6.1); "PEN/ID" where there is none.
std::string element_name(Protocol protocol, uint32_t pen, uint16_t id);

}  // namespace weir
