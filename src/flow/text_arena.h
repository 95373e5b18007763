// SPDX-License-Identifier: Apache-2.0
// TextArena: stores the texts of a batch. Columns hold references; rows with the same text may share one.
//
//   in       octets as an exporter sent them: anything
//   out      always valid UTF-8: invalid octets are replaced by U+FFFD, so that outputs need not check again
//   memory   limits::kBatchTextBytes; a text has at most limits::kTextBytes
//   failure  a longer text is truncated between two characters, and counted in take_cut(); a text that does not fit is
//            omitted, and also counted: a decoder checks space() first and begins another batch
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
  // Adds a text, without the zero octets that pad a field of fixed length. If it equals the last one added, that one's
  // place is returned.
  TextRef add(Bytes octets);
  TextRef add(std::string_view text) { return add(Bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size())); }
  // Adds octets as hexadecimal text, two digits each.
  TextRef add_hex(Bytes octets);

  std::string_view view(TextRef text) const { return {bytes_.data() + text.first, text.length}; }
  size_t size() const { return bytes_.size(); }
  // Octets that may be added now, and octets that are free in total.
  size_t space() const { return free() - kept_free_; }
  size_t free() const { return limits::kBatchTextBytes - bytes_.size(); }
  // Reserves that many of the free octets for texts added later. At most free().
  void keep_free(size_t octets) { kept_free_ = octets; }
  // The most octets that a text of that size can take.
  static size_t max_bytes(size_t octets) { return std::min(3 * octets, limits::kTextBytes); }

  // Number of texts truncated or omitted since the last call.
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
