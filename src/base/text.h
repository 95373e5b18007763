// SPDX-License-Identifier: Apache-2.0
// Small text operations shared by set-up code of several folders.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// "a, b,,c" -> {"a","b","c"}: parts without surrounding blanks, empty ones omitted.
std::vector<std::string> split_list(std::string_view text, char separator = ',');

// The reverse: "a,b".
std::string join_list(const std::vector<std::string>& parts, std::string_view between = ",");

// The text in double quotes, as messages show it.
std::string in_quotes(std::string_view text);

// The candidate nearest to `word` (Damerau-Levenshtein distance of at most a third of its length), or "".
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// " (did you mean X?)", or "" for an empty suggestion.
std::string did_you_mean(const std::string& suggestion);

// The first character of a non-empty text, as UTF-8; an octet that begins no valid character counts as one by itself.
struct FirstCharacter {
  uint32_t code_point = 0;
  uint32_t octets = 1;
  bool is_valid = true;  // false: the octet begins no character (RFC 3629 §4)
  // A terminal obeys it instead of showing it: a control character (C0, DEL, C1; the latter also as the bare octets
  // 0x80 to 0x9F), or one that changes the direction in which its neighbours are shown (U+061C, U+200E, U+200F, U+202A
  // to U+202E, U+2066 to U+2069).
  bool steers = false;
};
FirstCharacter first_character(std::string_view text);

// For terminals: "?" in place of each character that steers them.
std::string printable(std::string text);
// The same for a text of several lines; line ends are kept.
std::string printable_lines(std::string text);

// "4MiB", "512k", "1G", "1000" -> bytes; -1 for any other text. k, M and G are powers of 1024.
int64_t parse_bytes(std::string_view text);

// "10s", "500ms", "30m", "2h", "1d", "off" (0) -> nanoseconds; -1 for any other text.
int64_t parse_duration_ns(std::string_view text);

}  // namespace weir
