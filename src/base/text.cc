// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "base/time_units.h"

namespace weir {

std::vector<std::string> split_list(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    size_t end = std::min(text.find(separator), text.size());
    std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

std::string join_list(const std::vector<std::string>& parts, std::string_view between) {
  std::string joined;
  for (const std::string& part : parts) {
    if (!joined.empty()) joined += between;
    joined += part;
  }
  return joined;
}

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

// Well-formed UTF-8 (RFC 3629, section 4) of more than one octet; 0 octets where `text` does not begin with such.
static FirstCharacter longer_character(std::string_view text) {
  auto octet = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t lead = octet(0);
  uint32_t octets = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (octets == 0 || text.size() < octets) return {.octets = 0};
  uint32_t code = lead & (0x7Fu >> octets);
  for (size_t i = 1; i < octets; ++i) {
    if ((octet(i) & 0xC0) != 0x80) return {.octets = 0};
    code = code << 6 | (octet(i) & 0x3Fu);
  }
  static constexpr uint32_t kMin[] = {0, 0, 0x80, 0x800, 0x10000};
  bool surrogate = code >= 0xD800 && code < 0xE000;
  if (code < kMin[octets] || surrogate || code > 0x10FFFF) return {.octets = 0};
  return {.code_point = code, .octets = octets};
}

static bool steers_terminal(uint32_t code) {
  auto within = [code](uint32_t first, uint32_t last) { return code >= first && code <= last; };
  return code < 0x20 || within(0x7F, 0x9F) || code == 0x061C || within(0x200E, 0x200F) || within(0x202A, 0x202E) ||
         within(0x2066, 0x2069);
}

FirstCharacter first_character(std::string_view text) {
  FirstCharacter first = longer_character(text);
  if (first.octets == 0) {
    const auto octet = static_cast<uint8_t>(text[0]);
    first = {.code_point = octet, .is_valid = octet < 0x80};
  }
  first.steers = steers_terminal(first.code_point);
  return first;
}

static std::string without_steering(std::string text, bool lines) {
  size_t size = 0;
  for (size_t at = 0; at < text.size();) {
    FirstCharacter first = first_character(std::string_view(text).substr(at));
    if (first.steers && !(lines && first.code_point == '\n'))
      text[size++] = '?';
    else
      for (size_t i = 0; i < first.octets; ++i) text[size++] = text[at + i];
    at += first.octets;
  }
  text.resize(size);
  return text;
}

std::string printable(std::string text) { return without_steering(std::move(text), false); }
std::string printable_lines(std::string text) { return without_steering(std::move(text), true); }

static size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    // The distance is at least the difference in length; a long word is not compared at all.
    if (std::max(word.size(), candidate.size()) - std::min(word.size(), candidate.size()) >= best_distance) continue;
    size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

namespace {
struct Unit {
  std::string_view suffix;
  int64_t factor;
};

int64_t parse_with_unit(std::string_view text, const Unit* units, size_t count) {
  uint64_t number = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || number > INT64_MAX) return -1;
  std::string_view suffix = text.substr(static_cast<size_t>(end - text.data()));
  for (size_t i = 0; i < count; ++i) {
    int64_t product;
    if (suffix == units[i].suffix)
      return __builtin_mul_overflow(static_cast<int64_t>(number), units[i].factor, &product) ? -1 : product;
  }
  return -1;
}
}  // namespace

int64_t parse_bytes(std::string_view text) {
  static constexpr Unit kUnits[] = {{"", 1},          {"B", 1},          {"k", 1 << 10},  {"K", 1 << 10},
                                    {"kB", 1 << 10},  {"KiB", 1 << 10},  {"M", 1 << 20},  {"MB", 1 << 20},
                                    {"MiB", 1 << 20}, {"G", 1 << 30},    {"GB", 1 << 30}, {"GiB", 1 << 30},
                                    {"T", 1ll << 40}, {"TiB", 1ll << 40}};
  return parse_with_unit(text, kUnits, std::size(kUnits));
}

int64_t parse_duration_ns(std::string_view text) {
  static constexpr Unit kUnits[] = {
      {"ns", 1},           {"us", 1'000},         {"ms", 1'000'000},     {"s", kSecond},        {"", kSecond},
      {"m", 60 * kSecond}, {"min", 60 * kSecond}, {"h", 3600 * kSecond}, {"d", 86400 * kSecond}};
  if (text == "off") return 0;
  return parse_with_unit(text, kUnits, std::size(kUnits));
}

std::string did_you_mean(const std::string& suggestion) {
  return suggestion.empty() ? "" : " (did you mean " + suggestion + "?)";
}

}  // namespace weir
