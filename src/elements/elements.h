// SPDX-License-Identifier: Apache-2.0
// Defines which information element fills which field of the record, and how its bytes become a value.
// NetFlow v9 field types below 128 have the numbers and meanings of the IANA elements (RFC 7012 §4.1).
#pragma once

#include <cstdint>
#include <span>

#include "flow/fields.h"
#include "wire/template_record.h"

namespace weir {

inline constexpr uint32_t kReversePen = 29305;  // RFC 5103: elements of the reverse direction

// How the bytes of an element become column values.
enum class Convert : uint8_t {
  number,          // unsigned, big-endian, up to 8 octets (reduced-size encoding, RFC 7011 §6.2); 0 if longer
  fragment_flags,  // number >> 5
  address4,        // 4 bytes
  address6,        // 16 bytes
  icmp,            // type in the high byte, code in the low one: two fields
  ip_version,      // 4 or 6 -> ethertype
  time_uptime,     // ms since the exporter booted, modulo 2^32
  time_s,          // seconds since 1970
  time_ms,         // milliseconds since 1970
  time_ntp,        // NTP seconds << 32 | fraction (RFC 7011 §6.1.10)
  time_ntp_us,     // the same, the lowest 11 bits of the fraction ignored (§6.1.9)
  time_delta_us,   // microseconds before the export time
  probability,     // float: 1 / p
  one,             // the value 1, whatever the bytes are (a frame is one packet)
  text,            // UTF-8, of any length
  application,     // applicationId as text (RFC 6759 §4)
  // These use the value that another element of the record put into a field: never alone, and run after all others.
  duration_ms,  // length of the flow: computes a missing start or end
  duration_us,
  packet_space,  // packets skipped; the field has how many are chosen before them: (chosen + skipped) / chosen
  sample_size,   // packets chosen; the field has the population that they are chosen from: population / size
  // Appended to a list.
  list_number,
  list_address4,
  list_address6,
  list_addresses6,    // consecutive addresses
  list_label,         // 3 bytes: label 20 bits, EXP 3, S 1
  list_stack_labels,  // complete stack entries: label 20 bits, EXP 3, S 1, TTL 8
  list_stack_ttls,
};
inline constexpr size_t kMaxApplicationText = 96;  // maximum octets of Convert::application

inline constexpr bool is_list(Convert c) { return c >= Convert::list_number; }
inline constexpr bool is_duration(Convert c) { return c == Convert::duration_ms || c == Convert::duration_us; }
inline constexpr bool builds_on_another(Convert c) { return c >= Convert::duration_ms && !is_list(c); }

// If several elements fill one field, the one with the lowest rank wins; if its value is 0 and means_unknown(), the
// next one is used. At equal rank, each non-zero value replaces that of an earlier element in the template; an element
// for the IP version that the record does not have only fills an unset field. Of times and texts of equal rank only
// the last one in the template is used, whatever its value.
struct Element {
  uint32_t pen;
  uint16_t id;
  Field field;
  Convert convert;
  uint8_t rank;
  uint8_t ip_version = 0;  // 4 or 6: only for packets of that version
};

// An element with a width that its type cannot have (an "IPv4 address" of 8 octets) is ignored: the meaning of its
// bytes is unknown. `width`: kVariableLength if each record states it.
bool width_fits(const Element& element, uint16_t width);

// Kinds of structured data (RFC 6313); as_path: a basicList of AS numbers.
enum class ListKind : uint8_t { none, basic, sub_template, sub_template_multi, as_path };
ListKind list_kind(uint32_t pen, uint16_t id);

// Whether a 0 (or an empty text) in the element's field only means that the exporter does not know the value: then the
// element with the next rank is used. Not so for counters, times and ICMP.
bool means_unknown(const Element& element);

// All rules for an element (vlanId fills two fields). Empty: the element fills no field of the record.
std::span<const Element> elements_for(uint32_t pen, uint16_t id);

}  // namespace weir
