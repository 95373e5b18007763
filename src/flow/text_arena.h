// SPDX-License-Identifier: Apache-2.0
// TextArena: where the texts of a batch lie. Columns hold references; rows with the same text may share one.
//
//   in       octets as an exporter sent them: anything
//   out      UTF-8, always valid: what is not is replaced by U+FFFD, so that no output has to look again
//   memory   limits::kBatchTextBytes; a text has at most limits::kTextBytes
//   failure  what is longer is cut between two characters, and counted in cut(); what does not fit is not there, and
//            counted too: a decoder asks for room() first and begins another batch
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"

namespace weir {

// `length` octets from `first` in the arena. Length 0: no text.
struct TextRef {
  uint32_t first = 0;
  uint32_t length = 0;
  bool operator==(const TextRef&) const = default;
};

class TextArena {
 public:
  // A text, without the zero octets that fill a field of fixed length. If it is the one added last, so is its place.
  TextRef add(Bytes octets);
  TextRef add(std::string_view text) { return add(Bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size())); }
  // Octets in hexadecimal, two digits each.
  TextRef add_hex(Bytes octets);

  std::string_view view(TextRef text) const { return {bytes_.data() + text.first, text.length}; }
  size_t size() const { return bytes_.size(); }
  // Octets that may be added now, and that are free in all.
  size_t space() const { return free() - kept_free_; }
  size_t free() const { return limits::kBatchTextBytes - bytes_.size(); }
  // So many of the free ones are for who adds texts later. At most free().
  void keep_free(size_t octets) { kept_free_ = octets; }
  // Most octets that a text of so many takes.
  static size_t max_bytes(size_t octets) { return std::min(3 * octets, limits::kTextBytes); }

  // Texts that were cut, or left out, since this was last asked.
  uint32_t take_cut() { return std::exchange(cut_, 0); }

  void clear();
  size_t memory_bytes() const { return bytes_.capacity(); }

 private:
  TextRef keep(size_t begin);
  void append_utf8(Bytes octets);

  std::vector<char> bytes_;
  TextRef last_;
  size_t kept_free_ = 0;
  uint32_t cut_ = 0;
};

}  // namespace weir
