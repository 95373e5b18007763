// SPDX-License-Identifier: Apache-2.0
// TextDictionary: the distinct values of a text column of one row group, numbered in the order of their first
// appearance. Values are looked up as numbers (an address is 16 bytes); the text is created once per distinct value.
//
//   threads  one at a time
//   memory   24 bytes a value and 8 to 16 for the table
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "flow/fields.h"

namespace weir {

// What a text is made from: an address (high, low), a network (and its length in `extra`), or a number (low).
struct TextKey {
  uint64_t high = 0, low = 0;
  uint32_t extra = 0;
  bool operator==(const TextKey&) const = default;

  static TextKey of(const IpAddress& address, uint32_t extra = 0) {
    TextKey key{0, 0, extra};
    std::memcpy(&key.high, address.bytes.data(), 8);
    std::memcpy(&key.low, address.bytes.data() + 8, 8);
    return key;
  }
  static TextKey of(uint64_t number) { return {0, number, 0}; }
  IpAddress address() const;
};

// Writes the text of a key, as JSON spells it; `out` has space for at least kLongestText bytes; returns the end.
inline constexpr size_t kLongestText = 64;
char* write_text(char* out, Spelling spelling, const TextKey& key);
// The key of a text that write_text wrote; nullopt for any other text.
std::optional<TextKey> read_text(std::string_view text, Spelling spelling);

class TextDictionary {
 public:
  uint32_t intern(const TextKey& key) { return find(key, hash(key)); }
  // Interns key_of(0) to key_of(count - 1) in blocks, so that their cache misses overlap.
  template <class KeyOf>
  void intern(size_t count, KeyOf key_of, uint32_t* indexes) {
    for (size_t at = 0; at < count; at += kBlock) {
      std::array<TextKey, kBlock> keys;
      size_t size = std::min(kBlock, count - at);
      for (size_t i = 0; i < size; ++i) keys[i] = key_of(at + i);
      intern_block({keys.data(), size}, indexes + at);
    }
  }
  const std::vector<TextKey>& keys() const { return keys_; }
  void clear();

 private:
  struct Slot {
    uint32_t tag = 0;    // of the hash
    uint32_t index = 0;  // into keys_, plus one; 0: free
  };
  static uint64_t hash(const TextKey& key) {
    uint64_t h = (key.high ^ uint64_t{key.extra} << 32) * 0x9e3779b97f4a7c15 + key.low;
    h = (h ^ h >> 32) * 0xd6e8feb86659fd93;
    return h ^ h >> 32;
  }
  static constexpr size_t kBlock = 512;
  void intern_block(std::span<const TextKey> keys, uint32_t* indexes);
  uint32_t find(const TextKey& key, uint64_t hash);
  uint32_t find_in(size_t mask, const TextKey& key, uint64_t hash);
  uint32_t add(const TextKey& key, Slot& slot, uint32_t tag);
  void grow();

  std::vector<TextKey> keys_;
  std::vector<Slot> slots_;  // a power of two, at most half full
};

}  // namespace weir
