// SPDX-License-Identifier: Apache-2.0
#include "flow/text_arena.h"

namespace weir {
namespace {

constexpr char kReplacement[] = {'\xef', '\xbf', '\xbd'};  // U+FFFD

bool is_ascii(Bytes octets) {
  uint8_t all = 0;
  for (uint8_t octet : octets) all |= octet;
  return all < 0x80;
}

// The octets of the character that `octets` begins with; 0 where they are none (Unicode, table 3-7).
size_t character_size(Bytes octets) {
  uint8_t lead = octets[0];
  if (lead < 0x80) return 1;
  size_t size = lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  if (size == 0 || octets.size() < size) return 0;
  uint8_t smallest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;  // overlong
  uint8_t limit = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;     // surrogates; past U+10FFFF
  if (octets[1] < smallest || octets[1] > limit) return 0;
  for (size_t i = 2; i < size; ++i)
    if ((octets[i] & 0xc0) != 0x80) return 0;
  return size;
}

}  // namespace

TextRef TextArena::add(Bytes octets) {
  while (!octets.empty() && octets.back() == 0) octets = octets.first(octets.size() - 1);
  if (octets.empty()) return {};
  std::string_view sent(reinterpret_cast<const char*>(octets.data()), octets.size());
  if (sent == view(last_)) return last_;  // only valid text is there
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
  static constexpr char kDigits[] = "0123456789abcdef";
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
    bytes_.push_back(kDigits[octet >> 4]);
    bytes_.push_back(kDigits[octet & 15]);
  }
  return keep(begin);
}

// What stands from `begin` on, or the text before where it is the same.
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
    size_t size = character_size(octets);
    size_t taken = size ? size : sizeof kReplacement;
    if (bytes_.size() + taken > end) {
      ++cut_;
      return;
    }
    if (size)
      bytes_.insert(bytes_.end(), octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size));
    else
      bytes_.insert(bytes_.end(), std::begin(kReplacement), std::end(kReplacement));
    octets = octets.subspan(size ? size : 1);
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
