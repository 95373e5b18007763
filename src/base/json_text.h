// SPDX-License-Identifier: Apache-2.0
// Strings of JSON (RFC 8259 §7).
#pragma once

#include <string>
#include <string_view>

namespace weir {

// What stands between the quotes. Octets that are not UTF-8 become U+FFFD; line ends and tabs are "\n" and "\t", other
// characters that steer terminals (base/text.h) are "\u" and four digits. Writes at most kJsonTextBytes for each octet
// of `text`; returns the end of what was written.
char* write_json_text(char* out, std::string_view text);
inline constexpr size_t kJsonTextBytes = 6;

// The same in quotes.
void append_json_string(std::string& out, std::string_view text);
std::string json_string(std::string_view text);

}  // namespace weir
