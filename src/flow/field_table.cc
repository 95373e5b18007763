// SPDX-License-Identifier: Apache-2.0
#include "flow/field_table.h"

#include <algorithm>

#include "base/assert.h"

namespace weir {

std::optional<ElementType> element_type(std::string_view name) {
  auto found = std::ranges::find(kElementTypeNames, name);
  if (found == std::end(kElementTypeNames)) return {};
  return static_cast<ElementType>(found - std::begin(kElementTypeNames));
}

bool can_have_width(ElementType type, uint16_t octets) {
  if (octets == 65535) return true;
  switch (type) {
    case ElementType::unsigned_number:
    case ElementType::signed_number:
      return octets >= 1 && octets <= 8;
    case ElementType::float_number:
    case ElementType::datetime:
      return octets == 4 || octets == 8;
    case ElementType::boolean:
      return octets == 1;
    case ElementType::ip_address:
      return octets == 4 || octets == 16;
    case ElementType::mac_address:
      return octets == 6;
    case ElementType::datetime_ntp:
      return octets == 8;
    case ElementType::string:
    case ElementType::octets:
      return octets >= 1;
  }
  return false;
}

std::string ExtraField::element_text() const {
  return (pen ? std::to_string(pen) + "/" : "") + std::to_string(element);
}

FieldInfo extra_info(Field slot, const ExtraField& field) {
  FieldInfo info{slot, field.name, Column::text, Spelling::text, field.number, "VARCHAR", "", ""};
  auto be = [&](Column column, Spelling spelling, std::string_view sql) {
    info.column = column, info.spelling = spelling, info.sql_type = sql;
  };
  switch (field.type) {
    case ElementType::unsigned_number:
      be(Column::u64, Spelling::number, "UBIGINT");
      break;
    case ElementType::signed_number:
      be(Column::i64, Spelling::number, "BIGINT");
      break;
    case ElementType::float_number:
      be(Column::f64, Spelling::number, "DOUBLE");
      break;
    case ElementType::boolean:
      be(Column::u8, Spelling::boolean, "BOOLEAN");
      break;
    case ElementType::ip_address:
      be(Column::address, Spelling::address, "VARCHAR");
      break;
    case ElementType::mac_address:
      be(Column::u64, Spelling::mac, "VARCHAR");
      break;
    case ElementType::datetime:
    case ElementType::datetime_ntp:
      be(Column::time_ns, Spelling::number, "BIGINT");
      break;
    case ElementType::string:
    case ElementType::octets:
      break;
  }
  return info;
}

static std::vector<ExtraField> numbered(std::vector<ExtraField> extras) {
  for (size_t i = 0; i < extras.size(); ++i)
    if (extras[i].number == 0) extras[i].number = static_cast<uint16_t>(kFirstExtraNumber + i);
  return extras;
}

FieldTable::FieldTable(std::vector<ExtraField> extras)
    : extras_(numbered(std::move(extras))), all_(std::begin(kFields), std::end(kFields)) {
  WEIR_ASSERT(extras_.size() <= limits::kExtraFields);
  for (size_t i = 0; i < extras_.size(); ++i) all_.push_back(extra_info(extra_field(i), extras_[i]));
}

const FieldTable& FieldTable::plain() {
  static const FieldTable table({});
  return table;
}

const FieldInfo* FieldTable::find(std::string_view name) const {
  auto found = std::ranges::find(all_, name, &FieldInfo::name);
  return found == all_.end() ? nullptr : &*found;
}

}  // namespace weir
