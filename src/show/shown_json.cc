// SPDX-License-Identifier: Apache-2.0
#include "show/shown_value.h"

#include "base/text.h"

namespace weir {
namespace {

// The length of the UTF-8 sequence that `text` begins with (RFC 3629 §4), 0 where it is none.
size_t utf8_length(std::string_view text) {
  auto octet = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  auto follows = [&](size_t i) { return (octet(i) & 0xc0) == 0x80; };
  unsigned first = octet(0), second = octet(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    bool overlong = first == 0xe0 && second < 0xa0, surrogate = first == 0xed && second > 0x9f;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    bool overlong = first == 0xf0 && second < 0x90, beyond = first == 0xf4 && second > 0x8f;
    return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

void append_escaped(std::string& out, char c) {
  static constexpr char kDigits[] = "0123456789abcdef";
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
    out += "\\u00";
    out += kDigits[c >> 4];
    out += kDigits[c & 15];
  } else {
    out += c;
  }
}

// What steers terminals is escaped.
void append_or_escape(std::string& out, std::string_view character) {
  FirstCharacter first = first_character(character);
  char escape[6];
  if (first.steers)
    out.append(escape, write_json_escape(escape, first.code_point));
  else
    out += character;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    size_t length = utf8_length(text);
    if (length == 0)
      out += "\xef\xbf\xbd";
    else if (length == 1)
      append_escaped(out, text[0]);
    else
      append_or_escape(out, text.substr(0, length));
    text.remove_prefix(length ? length : 1);
  }
  out += '"';
}

void append_json(std::string& out, const ShownValue& value) {
  using Kind = ShownValue::Kind;
  if (value.kind == Kind::none) out += "null";
  if (value.kind == Kind::number) out += value.text;
  if (value.kind == Kind::text || value.kind == Kind::octets) append_json_string(out, value.text);
  if (value.kind != Kind::list && value.kind != Kind::record) return;
  bool record = value.kind == Kind::record;
  out += record ? '{' : '[';
  bool first = true;
  for (const ShownValue& member : value.members) {
    if (!first) out += ',';
    first = false;
    if (record) {
      append_json_string(out, member.name);
      out += ':';
    }
    append_json(out, member);
  }
  out += record ? '}' : ']';
}

}  // namespace weir
