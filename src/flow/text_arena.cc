// SPDX-License-Identifier: Apache-2.0
#include "flow/text_arena.h"

#include "base/hex.h"
#include "base/text.h"

namespace weir {
namespace {

constexpr char kReplacement[] = {'\xef', '\xbf', '\xbd'};  // U+FFFD

bool is_ascii(Bytes octets) {
  uint8_t all = 0;
  for (uint8_t octet : octets) all |= octet;
  return all < 0x80;
}

}  // namespace

TextRef TextArena::add(Bytes octets) {
  while (!octets.empty() && octets.back() == 0) octets = octets.first(octets.size() - 1);
  if (octets.empty()) return {};
  std::string_view sent(reinterpret_cast<const char*>(octets.data()), octets.size());
  if (sent == view(last_)) return last_;  // only valid text is stored
  if (space() < max_bytes(octets.size())) {
    ++cut_;
    return {};
  }
  size_t begin = bytes_.size();
  if (octets.size() <= limits::kTextBytes && is_ascii(octets))
    bytes_.insert(bytes_.end(), sent.begin(), sent.end());
  else
    append_utf8(octets);
  return keep(begin);
}

TextRef TextArena::add_hex(Bytes octets) {
  if (octets.size() > limits::kTextBytes / 2) {
    ++cut_;
    octets = octets.first(limits::kTextBytes / 2);
  }
  if (space() < 2 * octets.size()) {
    ++cut_;
    return {};
  }
  size_t begin = bytes_.size();
  for (uint8_t octet : octets) {
    bytes_.push_back(kHexDigits[octet >> 4]);
    bytes_.push_back(kHexDigits[octet & 15]);
  }
  return keep(begin);
}

// Keeps the text from `begin` on, or drops it and returns the previous text if that is the same.
TextRef TextArena::keep(size_t begin) {
  TextRef added{static_cast<uint32_t>(begin), static_cast<uint32_t>(bytes_.size() - begin)};
  if (view(added) == view(last_))
    bytes_.resize(begin);
  else
    last_ = added;
  return last_;
}

void TextArena::append_utf8(Bytes octets) {
  const size_t end = bytes_.size() + limits::kTextBytes;
  while (!octets.empty()) {
    const FirstCharacter first = first_character({reinterpret_cast<const char*>(octets.data()), octets.size()});
    const size_t taken = first.is_valid ? first.octets : sizeof kReplacement;
    if (bytes_.size() + taken > end) {
      ++cut_;
      return;
    }
    if (first.is_valid)
      bytes_.insert(bytes_.end(), octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(first.octets));
    else
      bytes_.insert(bytes_.end(), std::begin(kReplacement), std::end(kReplacement));
    octets = octets.subspan(first.octets);
  }
}

void TextArena::clear() {
  static constexpr size_t kKept = 256u << 10;  // many batches are in use at once
  bytes_.clear();
  if (bytes_.capacity() > kKept) bytes_.shrink_to_fit();
  last_ = {};
  kept_free_ = 0;
  cut_ = 0;
}

}  // namespace weir
