// SPDX-License-Identifier: Apache-2.0
// FieldTable: the fields of a record in this process: those of flow/fields.h, then those that the configuration adds
// ([[field]]), which use the slots from extra_field(0) on.
//
//   in       the added fields; created once, at set-up
//   out      the description of every field, for code that handles a Field that may be an added one
//   threads  any: it never changes. It must outlive everything created with it
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flow/fields.h"

namespace weir {

// How the octets of an element are interpreted: the abstract types of RFC 7011 §6.1, where they differ.
enum class ElementType : uint8_t {
  unsigned_number,  // unsigned8 to unsigned64, of any width (reduced-size encoding)
  signed_number,    // signed8 to signed64, the same
  float_number,     // float32, float64
  boolean,          // 1 true, 2 false
  ip_address,       // ipv4Address, ipv6Address
  mac_address,
  string,
  octets,        // octetArray, as hexadecimal text
  datetime,      // dateTimeSeconds (4 octets), dateTimeMilliseconds (8)
  datetime_ntp,  // dateTimeMicroseconds, dateTimeNanoseconds
};
inline constexpr std::string_view kElementTypeNames[] = {"unsigned",   "signed", "float",  "boolean",  "ipaddress",
                                                         "macaddress", "string", "octets", "datetime", "datetime_ntp"};
inline constexpr std::string_view name_of(ElementType type) { return kElementTypeNames[static_cast<size_t>(type)]; }
std::optional<ElementType> element_type(std::string_view name);

// Whether a template field of that length can hold the type; kVariableLength (65535) can.
bool can_have_width(ElementType type, uint16_t octets);

// A field that the configuration adds.
struct ExtraField {
  std::string name;
  uint32_t pen = 0;  // 0: IANA element, or NetFlow v9 field type
  uint16_t element = 0;
  ElementType type = ElementType::unsigned_number;
  uint16_t number = 0;  // in Protobuf; 0: kFirstExtraNumber plus its index in the list

  std::string element_text() const;  // "9/12235", "96"
};
inline constexpr uint16_t kFirstExtraNumber = 2000, kLastExtraNumber = 2047;

// How a field of that type is stored and written out. The name refers to `field`, which must not be moved.
FieldInfo extra_info(Field slot, const ExtraField& field);

class FieldTable {
 public:
  explicit FieldTable(std::vector<ExtraField> extras);
  FieldTable(const FieldTable&) = delete;
  FieldTable& operator=(const FieldTable&) = delete;
  // The table without added fields.
  static const FieldTable& plain();

  std::span<const FieldInfo> all() const { return all_; }
  const FieldInfo& info(Field field) const { return all_[static_cast<size_t>(field)]; }
  const FieldInfo* find(std::string_view name) const;
  // The added ones; number i has the slot extra_field(i).
  std::span<const ExtraField> extras() const { return extras_; }

 private:
  const std::vector<ExtraField> extras_;
  std::vector<FieldInfo> all_;
};

}  // namespace weir
