// SPDX-License-Identifier: Apache-2.0
#include "base/json_text.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "base/hex.h"
#include "base/text.h"

namespace weir {

static constexpr char kReplacement[] = {'\xef', '\xbf', '\xbd'};  // U+FFFD in UTF-8

// "\u009b": all characters that steer terminals are of the basic plane.
static char* write_escape(char* out, uint32_t code_point) {
  *out++ = '\\';
  if (code_point == '\n' || code_point == '\t') {
    *out++ = code_point == '\n' ? 'n' : 't';
    return out;
  }
  *out++ = 'u';
  out = write_hex(out, static_cast<uint8_t>(code_point >> 8));
  return write_hex(out, static_cast<uint8_t>(code_point));
}

char* write_json_text(char* out, std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    const auto octet = static_cast<uint8_t>(c);
    if (octet >= 0x20 && octet < 0x7f) {
      if (octet == '"' || octet == '\\') *out++ = '\\';
      *out++ = c, ++at;
      continue;
    }
    const FirstCharacter first = first_character(text.substr(at));
    if (!first.is_valid)
      out = std::copy(std::begin(kReplacement), std::end(kReplacement), out);
    else if (first.steers)
      out = write_escape(out, first.code_point);
    else
      out = std::copy_n(&text[at], first.octets, out);
    at += first.octets;
  }
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  const size_t begin = out.size();
  out.resize(begin + kJsonTextBytes * text.size());
  out.resize(static_cast<size_t>(write_json_text(out.data() + begin, text) - out.data()));
  out += '"';
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

}  // namespace weir
