// SPDX-License-Identifier: Apache-2.0
#include "show/shown_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/hex.h"
#include "base/ip_address.h"
#include "base/rfc3339.h"
#include "base/time_units.h"

namespace weir {
namespace {

std::string hexadecimal(Bytes octets) {
  std::string out(octets.size() * 2, '\0');
  char* at = out.data();
  for (uint8_t octet : octets) at = write_hex(at, octet);
  return out;
}

ShownValue as_octets(Bytes octets) { return ShownValue::of_octets(hexadecimal(octets)); }

// Integers may have fewer octets than their type (RFC 7011 §6.2).
ShownValue show_unsigned(Bytes octets) {
  if (octets.size() > 8) return as_octets(octets);
  return ShownValue::of_number(std::to_string(load_be_any(octets.data(), octets.size())));
}

ShownValue show_signed(Bytes octets) {
  if (octets.size() > 8) return as_octets(octets);
  unsigned unused = 64 - 8 * static_cast<unsigned>(octets.size());
  auto value = static_cast<int64_t>(load_be_any(octets.data(), octets.size()) << unused) >> unused;
  return ShownValue::of_number(std::to_string(value));
}

template <class Float>
ShownValue show_float(Float value) {
  char text[64];
  std::to_chars_result end = std::to_chars(text, text + sizeof text, value);
  std::string spelled(text, end.ptr);
  // JSON has no infinity and no not-a-number.
  return std::isfinite(value) ? ShownValue::of_number(spelled) : ShownValue::of_text(spelled);
}

ShownValue show_float(Bytes octets) {
  if (octets.size() == 4) return show_float(std::bit_cast<float>(load_be32(octets.data())));
  if (octets.size() == 8) return show_float(std::bit_cast<double>(load_be64(octets.data())));
  return as_octets(octets);
}

// RFC 7011 §6.1.5: 1 is true, 2 is false.
ShownValue show_boolean(Bytes octets) {
  if (octets.size() != 1 || octets[0] < 1 || octets[0] > 2) return show_unsigned(octets);
  return ShownValue::of_number(octets[0] == 1 ? "true" : "false");
}

ShownValue show_mac(Bytes octets) {
  if (octets.size() != 6) return as_octets(octets);
  std::string digits = hexadecimal(octets), out;
  for (size_t i = 0; i < digits.size(); i += 2) out += (i ? ":" : "") + digits.substr(i, 2);
  return ShownValue::of_text(out);
}

// An IPv4-mapped address is still shown as an IPv6 address: "::ffff:192.0.2.1" (RFC 5952 §5).
ShownValue show_ipv6(Bytes octets) {
  if (octets.size() != 16) return as_octets(octets);
  IpAddress address = IpAddress::v6(octets.data());
  return ShownValue::of_text((address.is_v4() ? "::ffff:" : "") + address.to_string());
}

// Fixed-length strings are padded with NUL.
ShownValue show_string(Bytes octets) {
  std::string_view text(reinterpret_cast<const char*>(octets.data()), octets.size());
  size_t end = text.find_last_not_of('\0');
  return ShownValue::of_text(std::string(text.substr(0, end == text.npos ? 0 : end + 1)));
}

// RFC 3339 in UTC with `digits` fractional digits; a time outside the supported range is shown as the number received.
ShownValue show_time(int64_t seconds, uint64_t nanoseconds, size_t digits, Bytes octets) {
  static constexpr int64_t kLastSecond = 9'223'372'035;  // the last one that 64-bit nanoseconds can represent: in 2262
  if (seconds < -kLastSecond || seconds > kLastSecond) return show_unsigned(octets);
  std::string out = rfc3339_ms(seconds * static_cast<int64_t>(kSecond));
  out.resize(out.find('.'));
  if (digits > 0) {
    std::string fraction = std::to_string(nanoseconds);
    fraction.insert(0, 9 - fraction.size(), '0');
    out += "." + fraction.substr(0, digits);
  }
  return ShownValue::of_text(out + "Z");
}

// Seconds since 1900 and their fraction, 32 bits each (RFC 7011 §6.1.9, §6.1.10).
ShownValue show_ntp(Bytes octets, bool microseconds) {
  uint64_t ntp = load_be64(octets.data());
  uint64_t fraction = ntp & 0xffff'ffff;
  if (microseconds) fraction &= ~uint64_t{0x7ff};  // its 11 lowest bits are ignored
  return show_time(static_cast<int64_t>(ntp >> 32) - kNtpToUnixSeconds, (fraction * kSecond) >> 32, 9, octets);
}

ShownValue show_date(AbstractType type, Bytes octets) {
  if (type == AbstractType::dateTimeSeconds && octets.size() == 4)
    return show_time(load_be32(octets.data()), 0, 0, octets);
  if (octets.size() != 8) return show_unsigned(octets);
  if (type == AbstractType::dateTimeMicroseconds || type == AbstractType::dateTimeNanoseconds)
    return show_ntp(octets, type == AbstractType::dateTimeMicroseconds);
  uint64_t value = load_be64(octets.data());
  if (type == AbstractType::dateTimeSeconds)
    return value > INT64_MAX ? show_unsigned(octets) : show_time(static_cast<int64_t>(value), 0, 0, octets);
  return show_time(static_cast<int64_t>(value / 1000), value % 1000 * 1'000'000, 3, octets);
}

// RFC 6313 §4.4.
std::string semantic_name(uint8_t semantic) {
  static constexpr std::string_view kNames[] = {"noneOf", "exactlyOneOf", "oneOrMoreOf", "allOf", "ordered"};
  if (semantic == 255) return "undefined";
  return semantic < std::size(kNames) ? std::string(kNames[semantic]) : std::to_string(semantic);
}

// RFC 6313 §4.5.1: semantic (1), the element as in a template (id, length, and, if the top bit of the id is set, the
// enterprise number), values. Variable length as in records.
ShownValue show_basic_list(const ShownContext& context, Bytes octets, unsigned depth) {
  ByteReader reader(octets);
  uint8_t semantic = reader.u8();
  uint16_t id = reader.u16(), length = reader.u16();
  uint32_t pen = id & 0x8000 ? reader.u32() : 0;
  if (reader.failed() || length == 0) return as_octets(octets);
  id &= 0x7fff;
  ShownValue values = ShownValue::of_list();
  const ElementInfo* element = find_element_of(context.protocol, pen, id);
  while (reader.remaining() > 0) {
    size_t size = length;
    if (length == kVariableLength) {
      size = reader.u8();
      if (size == 255) size = reader.u16();
    }
    Bytes value = reader.take(size);
    if (reader.failed()) return as_octets(octets);
    values.add(show_value(context, element, value, depth + 1));
  }
  ShownValue list = ShownValue::of_record();
  list.add("semantic", ShownValue::of_text(semantic_name(semantic)));
  list.add("element", ShownValue::of_text(element_name(context.protocol, pen, id)));
  list.add("values", std::move(values));
  return list;
}

const Plan* plan_of(const ShownContext& context, uint16_t template_id) {
  if (!context.known) return nullptr;
  if (!context.set) return context.known->find(template_id);
  PlanChoice choice = context.known->choose(template_id, *context.set);
  return choice.plan ? choice.plan->get() : nullptr;
}

// {"template": id, "records": [..]}, or with "octets" if the template is not known or the records do not fit it.
ShownValue show_records(const ShownContext& context, uint16_t template_id, Bytes octets, unsigned depth) {
  ShownValue shown = ShownValue::of_record();
  shown.add("template", ShownValue::of_number(std::to_string(template_id)));
  const Plan* plan = plan_of(context, template_id);
  ShownValue records = ShownValue::of_list();
  std::vector<FieldBytes> fields(plan ? plan->lengths.size() : 0);
  Bytes rest = octets;
  while (plan && rest.size() >= plan->record_length) {
    size_t length = walk_record(*plan, rest, fields.data());
    if (length == 0) break;
    records.add(show_fields(context, *plan, fields.data(), 0, fields.size(), depth + 1));
    rest = rest.subspan(length);
  }
  if (!plan || !rest.empty())
    shown.add("octets", as_octets(octets));
  else
    shown.add("records", std::move(records));
  return shown;
}

// RFC 6313 §4.5.2: semantic (1), template id (2), records.
ShownValue show_sub_template_list(const ShownContext& context, Bytes octets, unsigned depth) {
  if (octets.size() < 3) return as_octets(octets);
  ShownValue list = ShownValue::of_record();
  list.add("semantic", ShownValue::of_text(semantic_name(octets[0])));
  ShownValue records = show_records(context, load_be16(&octets[1]), octets.subspan(3), depth);
  std::ranges::move(records.members, std::back_inserter(list.members));
  return list;
}

// RFC 6313 §4.5.3: semantic (1), then any number of: template id (2), length with these 4 octets (2), records.
ShownValue show_sub_template_multi_list(const ShownContext& context, Bytes octets, unsigned depth) {
  if (octets.empty()) return as_octets(octets);
  ShownValue lists = ShownValue::of_list();
  ByteReader reader(octets.subspan(1));
  while (reader.remaining() > 0) {
    uint16_t template_id = reader.u16(), length = reader.u16();
    if (reader.failed() || length < 4) return as_octets(octets);
    Bytes records = reader.take(length - 4u);
    if (reader.failed()) return as_octets(octets);
    lists.add(show_records(context, template_id, records, depth));
  }
  ShownValue list = ShownValue::of_record();
  list.add("semantic", ShownValue::of_text(semantic_name(octets[0])));
  list.add("lists", std::move(lists));
  return list;
}

ShownValue show_structured(const ShownContext& context, AbstractType type, Bytes octets, unsigned depth) {
  if (depth >= ShownContext::kMaxDepth) return as_octets(octets);
  if (type == AbstractType::basicList) return show_basic_list(context, octets, depth);
  if (type == AbstractType::subTemplateList) return show_sub_template_list(context, octets, depth);
  return show_sub_template_multi_list(context, octets, depth);
}

ShownValue spell(const ShownContext& context, AbstractType type, Bytes octets, unsigned depth) {
  using enum AbstractType;
  switch (type) {
    case unsigned8:
    case unsigned16:
    case unsigned32:
    case unsigned64:
    case unsigned256:
      return show_unsigned(octets);
    case signed8:
    case signed16:
    case signed32:
    case signed64:
      return show_signed(octets);
    case float32:
    case float64:
      return show_float(octets);
    case boolean:
      return show_boolean(octets);
    case macAddress:
      return show_mac(octets);
    case string:
      return show_string(octets);
    case dateTimeSeconds:
    case dateTimeMilliseconds:
    case dateTimeMicroseconds:
    case dateTimeNanoseconds:
      return show_date(type, octets);
    case ipv4Address:
      return octets.size() == 4 ? ShownValue::of_text(IpAddress::v4(load_be32(octets.data())).to_string())
                                : as_octets(octets);
    case ipv6Address:
      return show_ipv6(octets);
    case basicList:
    case subTemplateList:
    case subTemplateMultiList:
      return show_structured(context, type, octets, depth);
    case octetArray:
      break;
  }
  return as_octets(octets);
}

}  // namespace

ShownValue show_value(const ShownContext& context, const ElementInfo* element, Bytes octets, unsigned depth) {
  if (octets.empty() && !(element && element->type == AbstractType::string)) return {};
  ShownValue value = element ? spell(context, element->type, octets, depth) : as_octets(octets);
  value.element = element;
  return value;
}

ShownValue show_fields(const ShownContext& context, const Plan& plan, const FieldBytes* fields, size_t first,
                       size_t last, unsigned depth) {
  ShownValue record = ShownValue::of_record();
  for (size_t i = first; i < last; ++i) {
    const FieldSpecifier& field = plan.record.fields[i];
    Bytes octets(fields[i].at, fields[i].length);
    // A NetFlow v9 scope is a number (RFC 3954 §6.1), of any width.
    ShownValue value = is_scope_type(context.protocol, field.pen) && !octets.empty()
                           ? show_unsigned(octets)
                           : show_value(context, find_element_of(context.protocol, field.pen, field.id), octets, depth);
    std::string name = element_name(context.protocol, field.pen, field.id);
    auto same = std::ranges::find(record.members, name, &ShownValue::name);
    if (same == record.members.end()) {
      record.add(std::move(name), std::move(value));
      continue;
    }
    if (same->kind != ShownValue::Kind::list) {
      ShownValue list = ShownValue::of_list();
      list.add(std::move(*same));
      list.name = std::move(name);
      *same = std::move(list);
    }
    same->add(std::move(value));
  }
  return record;
}

}  // namespace weir
