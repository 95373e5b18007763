// SPDX-License-Identifier: Apache-2.0
#include "config/field_option.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "config/option_table.h"
#include "store/columns.h"

namespace weir {
namespace {

constexpr const char* kForm = "write NAME=PEN/ID:TYPE, as in app_name=9/12235:string";

// A whole number from `least` to `most`; nothing for any other text.
std::optional<uint64_t> number(std::string_view text, uint64_t smallest, uint64_t limit) {
  uint64_t value = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || value < smallest || value > limit) return {};
  return value;
}

uint16_t number_of(const ExtraField& field, size_t index) {
  return field.number ? field.number : static_cast<uint16_t>(kFirstExtraNumber + index);
}

TableValues parse_short(const std::string& text) {
  const size_t equals = text.find('=');
  const size_t colon = text.find(':', equals == text.npos ? 0 : equals);
  if (equals == text.npos || colon == text.npos) throw usage_error(in_quotes(text) + " is no field; " + kForm);
  const size_t second = std::min(text.find(':', colon + 1), text.size());
  TableValues values;
  const auto add = [&](std::string_view key, const std::string& value) {
    values.values.push_back({key, {value, {}, {}}});
  };
  add("name", text.substr(0, equals));
  add("element", text.substr(equals + 1, colon - equals - 1));
  add("type", text.substr(colon + 1, second - colon - 1));
  if (second < text.size()) add("number", text.substr(second + 1));
  return values;
}

const Option<ExtraField> kOptions[] = {
    {{"name", "", ValueKind::text, "NAME", kNeeded, "", "Name of the field: lower-case letters, digits and _"},
     [](ExtraField& f, const Value& v) { set_name(f, v.text); }},
    {{"element", "", ValueKind::text_or_number, "PEN/ID", kNeeded, "",
      "PEN/ID: the enterprise number and the element number; for an element of IANA or a NetFlow v9 field type the ID "
      "alone"},
     [](ExtraField& f, const Value& v) { set_element(f, v.text); }},
    {{"type", "", ValueKind::text, "TYPE", kNeeded, "",
      "unsigned, signed, float, boolean, ipaddress, macaddress, string, octets, datetime or datetime_ntp"},
     [](ExtraField& f, const Value& v) { set_type(f, v.text); }},
    {{"number", "", ValueKind::number, "N", "", "",
      "Field number in Protobuf, 2000 to 2047. Empty: 2000 for the first [[field]], 2001 for the second, and so on"},
     [](ExtraField& f, const Value& v) { set_number(f, v.text); }},
};

}  // namespace

void set_name(ExtraField& field, const std::string& name) {
  constexpr size_t kLongestName = 63;
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  bool plain =
      !name.empty() && letter(name[0]) && std::ranges::all_of(name, [&](char c) { return letter(c) || digit(c); });
  if (!plain || name.size() > kLongestName)
    throw usage_error(in_quotes(name) +
                      " cannot be the name of a field; take lower-case letters, digits and _, a letter or _ first, at "
                      "most 63");
  if (!is_free_field_name(name))
    throw usage_error(in_quotes(name) + " is a field or column that Weir has already; take another name");
  field.name = name;
}

void set_element(ExtraField& field, const std::string& text) {
  constexpr uint64_t kMaxPen = UINT32_MAX - 1;
  size_t slash = text.find('/');
  auto pen = slash == text.npos ? 0 : number(std::string_view(text).substr(0, slash), 0, kMaxPen);
  auto id = number(std::string_view(text).substr(slash == text.npos ? 0 : slash + 1), 1, UINT16_MAX);
  if (!pen || !id)
    throw usage_error(in_quotes(text) +
                      " is no element; write PEN/ID, the enterprise's number and the element's (as in "
                      "9/12235), or ID alone for one of IANA's or a NetFlow v9 field type");
  if (*pen != 0 && *id > INT16_MAX)
    throw usage_error(in_quotes(text) +
                      ": elements of an enterprise are numbered from 1 to 32767; NetFlow v9 field types "
                      "above that have no enterprise: write " +
                      std::to_string(*id));
  field.pen = static_cast<uint32_t>(*pen);
  field.element = static_cast<uint16_t>(*id);
}

void set_type(ExtraField& field, const std::string& text) {
  auto type = element_type(text);
  std::string all;
  for (std::string_view name : kElementTypeNames) all += (all.empty() ? "" : ", ") + std::string(name);
  std::vector<std::string> names(std::begin(kElementTypeNames), std::end(kElementTypeNames));
  if (!type)
    throw usage_error(in_quotes(text) + " is no type of a field; it is one of " + all +
                      did_you_mean(nearest(text, names)));
  field.type = *type;
}

void set_number(ExtraField& field, const std::string& text) {
  auto chosen = number(text, kFirstExtraNumber, kLastExtraNumber);
  if (!chosen)
    throw usage_error(in_quotes(text) + " cannot be a field's number in Protobuf; from " +
                      std::to_string(kFirstExtraNumber) + " to " + std::to_string(kLastExtraNumber));
  field.number = static_cast<uint16_t>(*chosen);
}

void check_extra_field(const std::vector<ExtraField>& before, const ExtraField& added) {
  if (before.size() == limits::kExtraFields)
    throw usage_error("field " + in_quotes(added.name) + " is one too many; at most " +
                      std::to_string(limits::kExtraFields));
  for (size_t i = 0; i < before.size(); ++i) {
    const ExtraField& other = before[i];
    if (other.name == added.name) throw usage_error("field " + in_quotes(added.name) + " is named twice");
    if (other.pen == added.pen && other.element == added.element)
      throw usage_error("element " + added.element_text() + " is that of field " + in_quotes(other.name) +
                        " already; name each once");
    if (number_of(other, i) == number_of(added, before.size()))
      throw usage_error("field " + in_quotes(added.name) + " would have the number " +
                        std::to_string(number_of(other, i)) + " in Protobuf, which field " + in_quotes(other.name) +
                        " has; give one of them another number");
  }
}

std::span<const Option<ExtraField>> field_options() { return kOptions; }

const RepeatedTable& field_table_type() {
  static const RepeatedTable type{
      kFieldTable,
      "--field",
      "NAME=PEN/ID:TYPE,..",
      "Fields of your own",
      "Adds a field to every record. It holds element ID of the enterprise with the number PEN; for IANA's elements "
      "write the ID alone. TYPE: unsigned, signed, float, boolean, ipaddress, macaddress, string, octets, datetime or "
      "datetime_ntp. May be given several times",
      "[[field]]\nname = \"app_name\"\nelement = \"9/12235\"\ntype = \"string\"\nnumber = 2000",
      infos(field_options()),
      parse_short};
  return type;
}

}  // namespace weir
