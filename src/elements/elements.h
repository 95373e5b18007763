// SPDX-License-Identifier: Apache-2.0
// Which information element fills which field of the record, and how its bytes become a value.
// NetFlow v9 field types below 128 have the numbers and meanings of the IANA elements (RFC 7012 §4.1).
#pragma once

#include <cstdint>
#include <span>

#include "flow/fields.h"
#include "wire/template_record.h"

namespace weir {

inline constexpr uint32_t kReversePen = 29305;  // RFC 5103: the element of the other direction

// How the bytes of an element become column values.
enum class Convert : uint8_t {
  number,          // unsigned, big-endian, up to 8 octets (reduced-size encoding, RFC 7011 §6.2); of more 0
  fragment_flags,  // number >> 5
  address4,        // 4 bytes
  address6,        // 16 bytes
  icmp,            // type in the high byte, code in the low: two fields
  ip_version,      // 4 or 6 -> ethertype
  time_uptime,     // ms since the exporter booted, modulo 2^32
  time_s,          // seconds since 1970
  time_ms,         // milliseconds since 1970
  time_ntp,        // NTP seconds << 32 | fraction (RFC 7011 §6.1.10)
  time_ntp_us,     // the same, the lowest 11 bits of the fraction ignored (§6.1.9)
  time_delta_us,   // microseconds before the export time
  probability,     // float: 1 / p
  one,             // the value 1, whatever the bytes (a frame is one packet)
  text,            // UTF-8, of any length
  application,     // applicationId as text (RFC 6759 §4)
  // Build on what another element of the record has put into a field: never alone, and run after all others.
  duration_ms,  // length of the flow: completes a start or an end that is missing
  duration_us,
  packet_space,  // so many skipped after every field-full chosen: (chosen + skipped) / chosen
  sample_size,   // so many chosen of a population: population / size
  // Appended to a list.
  list_number,
  list_address4,
  list_address6,
  list_addresses6,    // one after the other
  list_label,         // 3 bytes: label 20 bits, EXP 3, S 1
  list_stack_labels,  // whole stack entries: label 20 bits, EXP 3, S 1, TTL 8
  list_stack_ttls,
};
inline constexpr size_t kMaxApplicationText = 96;  // octets of Convert::application

inline constexpr bool is_list(Convert c) { return c >= Convert::list_number; }
inline constexpr bool is_duration(Convert c) { return c == Convert::duration_ms || c == Convert::duration_us; }
inline constexpr bool builds_on_another(Convert c) { return c >= Convert::duration_ms && !is_list(c); }

// Of several elements that fill one field the lowest rank wins; where it left 0, the next one does if means_unknown().
// Of equal ranks each value that is not zero replaces
// that of an earlier element in the template; one of the other IP version than the record's only an unset one.
struct Element {
  uint32_t pen;
  uint16_t id;
  Field field;
  Convert convert;
  uint8_t rank;
  uint8_t ip_version = 0;  // 4 or 6: speaks of packets of that version only
};

// An element of a width that its type cannot have (an "IPv4 address" of 8 octets) is left out: its bytes mean
// something that we do not know. `width`: kVariableLength where each record says.
bool width_fits(const Element& element, uint16_t width);

// Structured data (RFC 6313), by its kind; as_path: a basicList of AS numbers.
enum class ListKind : uint8_t { none, basic, sub_template, sub_template_multi, as_path };
ListKind list_kind(uint32_t pen, uint16_t id);

// Whether a 0 (an empty text) in the element's field says no more than that the exporter does not know: then an element
// of a worse rank counts. Not so of counters, times and ICMP.
bool means_unknown(const Element& element);

// Every rule for an element (vlanId fills two fields). Empty: an element that the record does not know.
std::span<const Element> elements_for(uint32_t pen, uint16_t id);

}  // namespace weir
