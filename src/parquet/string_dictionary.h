// SPDX-License-Identifier: Apache-2.0
// StringDictionary: the distinct texts of a column of one row group, numbered in the order of their first appearance.
// For texts that have no shorter key (TextDictionary handles those that have one).
//
//   threads  one at a time
//   memory   the texts, and 12 to 20 bytes for each
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

class StringDictionary {
 public:
  uint32_t intern(std::string_view text);
  uint32_t size() const { return static_cast<uint32_t>(ends_.size()); }
  size_t bytes() const { return bytes_.size(); }  // of all texts
  std::string_view text(uint32_t index) const {
    size_t begin = index ? ends_[index - 1] : 0;
    return std::string_view(bytes_).substr(begin, ends_[index] - begin);
  }
  void clear();

 private:
  struct Slot {
    uint32_t tag = 0;    // of the hash
    uint32_t index = 0;  // plus one; 0: free
  };
  void grow();

  std::string bytes_;
  std::vector<uint32_t> ends_;
  std::vector<Slot> slots_;  // a power of two, at most half full
};

}  // namespace weir
