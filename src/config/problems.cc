// SPDX-License-Identifier: Apache-2.0
#include "config/problems.h"

#include <algorithm>
#include <cctype>
#include <tuple>

namespace weir {
namespace {

constexpr size_t kMaxOctets = 200;  // of a line shown in a message

std::string_view line_of(std::string_view text, unsigned number) {
  for (; number > 1; --number) {
    const size_t end = text.find('\n');
    if (end == text.npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  return text.ends_with('\r') ? text.substr(0, text.size() - 1) : text;
}

// Whether the line sets a key named like a secret: then what follows the equals sign is not shown, valid or not.
bool holds_secret(std::string_view line) {
  const size_t equals = line.find('=');
  if (equals == line.npos) return false;
  std::string key(line.substr(0, equals));
  key.erase(key.find_last_not_of(" \t\"'") + 1);
  std::ranges::transform(key, key.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (key.ends_with("_file")) return false;
  constexpr std::string_view kSecret[] = {"secret", "passw", "token", "credential", "community"};
  return key.ends_with("key") ||
         std::ranges::any_of(kSecret, [&](std::string_view word) { return key.contains(word); });
}

// The part of a long line around the column; adjusts the column to it.
std::string_view part_of(std::string_view line, unsigned& column) {
  if (line.size() <= kMaxOctets) return line;
  const size_t first = column > kMaxOctets / 2 ? column - kMaxOctets / 2 : 0;
  column -= static_cast<unsigned>(first);
  return line.substr(std::min(first, line.size()), kMaxOctets);
}

}  // namespace

void Problems::at(const Place& place, const std::string& prefix, const std::function<void()>& check) {
  try {
    check();
  } catch (const Error& error) {
    add(place, prefix + error.what());
  }
}

std::string Problems::shown(const Found& found) const {
  const auto& [place, message] = found;
  if (place.line == 0) return place.source + ": " + message;
  const std::string number = std::to_string(place.line);
  const auto file = files_.find(place.source);
  unsigned column = place.column;
  const std::string_view whole = file == files_.end() ? "" : line_of(file->second, place.line);
  const bool hides = holds_secret(whole);
  const std::string_view line = hides ? whole.substr(0, whole.find('=') + 1) : part_of(whole, column);
  std::string caret;  // tabs stay tabs, so that the caret is under its column
  for (unsigned i = 0; i + 1 < column; ++i) caret += i < line.size() && line[i] == '\t' ? '\t' : ' ';
  return place.source + ":" + number + ":" + std::to_string(place.column) + ": " + message + "\n  " + number + " | " +
         std::string(line) + (hides ? " (not shown)" : "") + "\n  " + std::string(number.size(), ' ') + " | " + caret +
         "^";
}

void Problems::throw_all() const {
  if (!any()) return;
  std::vector<std::string> sources;  // in the order in which they were first found
  for (const Found& found : found_)
    if (std::ranges::find(sources, found.place.source) == sources.end()) sources.push_back(found.place.source);
  std::vector<const Found*> sorted;
  for (const Found& found : found_) sorted.push_back(&found);
  std::ranges::sort(sorted, {}, [&](const Found* found) {
    const Place& place = found->place;
    return std::tuple(std::ranges::find(sources, place.source) - sources.begin(), place.line, place.column,
                      found - found_.data());  // at one place: in the order in which they were found
  });
  std::string all;
  for (size_t i = 0; i < std::min(sorted.size(), kMaxSaid); ++i) all += (i > 0 ? "\n" : "") + shown(*sorted[i]);
  if (sorted.size() > kMaxSaid) all += "\nand " + std::to_string(sorted.size() - kMaxSaid) + " more";
  throw usage_error(all);
}

}  // namespace weir
