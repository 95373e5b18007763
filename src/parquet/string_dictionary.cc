// SPDX-License-Identifier: Apache-2.0
#include "parquet/string_dictionary.h"

#include <absl/hash/hash.h>

#include <algorithm>

#include "base/assert.h"

namespace weir {

// Seeded per process, because exporters choose the texts.
static uint64_t hash_of(std::string_view text) { return absl::Hash<std::string_view>{}(text); }

uint32_t StringDictionary::intern(std::string_view text) {
  if (2 * (ends_.size() + 1) > slots_.size()) grow();
  uint64_t hash = hash_of(text);
  auto tag = static_cast<uint32_t>(hash >> 32);
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.index == 0) {
      WEIR_ASSERT(bytes_.size() + text.size() <= UINT32_MAX);  // row groups end long before that
      bytes_ += text;
      ends_.push_back(static_cast<uint32_t>(bytes_.size()));
      slot = {tag, size()};
      return size() - 1;
    }
    if (slot.tag == tag && this->text(slot.index - 1) == text) return slot.index - 1;
  }
}

void StringDictionary::clear() {
  bytes_.clear();
  ends_.clear();
  std::ranges::fill(slots_, Slot{});
}

void StringDictionary::grow() {
  constexpr size_t kFirstSlots = 64;
  slots_.assign(slots_.empty() ? kFirstSlots : 2 * slots_.size(), Slot{});
  const size_t mask = slots_.size() - 1;
  for (uint32_t i = 0; i < size(); ++i) {
    uint64_t hash = hash_of(text(i));
    size_t at = hash & mask;
    while (slots_[at].index) at = (at + 1) & mask;
    slots_[at] = {static_cast<uint32_t>(hash >> 32), i + 1};
  }
}

}  // namespace weir
