// SPDX-License-Identifier: Apache-2.0
// Small text operations that set-up code of several folders shares.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// "a, b,,c" -> {"a","b","c"}: parts trimmed of blanks, empty ones left out.
std::vector<std::string> split_list(std::string_view text, char separator = ',');

// The reverse: "a,b".
std::string join_list(const std::vector<std::string>& parts);

// The candidate nearest to `word` (Damerau-Levenshtein distance of at most a third of its length), or "".
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// "4MiB", "512k", "1G", "1000" -> bytes; -1 for any other text. k, M and G are powers of 1024.
int64_t parse_bytes(std::string_view text);

// "10s", "500ms", "30m", "2h", "1d", "off" (0) -> nanoseconds; -1 for any other text.
int64_t parse_duration_ns(std::string_view text);

}  // namespace weir
