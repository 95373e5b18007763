// SPDX-License-Identifier: Apache-2.0
// Which information element fills which field of the record, and how its bytes become a value.
// NetFlow v9 field types below 128 have the numbers and meanings of the IANA elements (RFC 7012 §4.1).
#pragma once

#include <cstdint>
#include <span>

#include "flow/fields.h"

namespace weir {

inline constexpr uint32_t kReversePen = 29305;      // RFC 5103: the element of the other direction
inline constexpr uint32_t kScopePen = 0xffff'ffff;  // NetFlow v9 scope field types (RFC 3954 §6.1), not elements

// How the bytes of an element become column values.
enum class Convert : uint8_t {
  number,          // unsigned, big-endian, any width (reduced-size encoding, RFC 7011 §6.2)
  fragment_flags,  // number >> 5
  address4,        // 4 bytes
  address6,        // 16 bytes
  icmp,            // type in the high byte, code in the low: two fields
  ip_version,      // 4 or 6 -> ethertype
  time_uptime,     // ms since the exporter booted, modulo 2^32
  time_s,          // seconds since 1970
  time_ms,         // milliseconds since 1970
  time_ntp,        // NTP era seconds << 32 | fraction (RFC 7011 §6.1.9, 6.1.10)
  time_delta_us,   // microseconds before the export time
  duration_ms,     // length of the flow: completes a start or an end that is missing
  duration_us,
  mpls_label,     // 3 bytes: label 20 bits, EXP 3, S 1
  mpls_address4,  // appended to a list
  mpls_address6,
  one,   // the value 1, whatever the bytes (a frame is one packet)
  text,  // UTF-8, of any length
};

// Of several elements that fill one field the lowest rank wins; of equal ranks the last in the template.
struct Element {
  uint32_t pen;
  uint16_t id;
  Field field;
  Convert convert;
  uint8_t rank;
};

// Every rule for an element (vlanId fills two fields). Empty: an element that the record does not know.
std::span<const Element> elements_for(uint32_t pen, uint16_t id);

}  // namespace weir
