// SPDX-License-Identifier: Apache-2.0
// ColumnBuffer: the values of one column of the row group that is being filled.
//
// Values stand without gaps; `presence` says which rows have one. Rows that nobody mentions are null: before a row
// gets a value, those before it that have none are made up (lazily, so that a column costs nothing where it is absent).
#pragma once

#include <cstdint>
#include <vector>

#include "base/assert.h"
#include "store/columns.h"
#include "store/text_dictionary.h"
#include "store/values.h"

namespace weir {

struct PresenceRun {
  uint32_t rows = 0;
  bool present = false;
};

struct ColumnBuffer {
  explicit ColumnBuffer(const StoreColumn& c) : column(&c) {}

  const StoreColumn* column;
  std::vector<PresenceRun> presence;
  uint32_t rows = 0;    // covered by `presence`
  uint32_t values = 0;  // rows that are not null
  // By type: u8, u16, u32, i32: `small`. u64, i64, timestamp_ms: `wide` (two's complement). Text: `small` holds indexes
  // of `dictionary`. Lists: `list_sizes` per value, the elements (numbers or indexes) in `small`.
  Values<uint32_t> small;
  Values<uint64_t> wide;
  std::vector<uint32_t> list_sizes;
  TextDictionary dictionary;
  // Of the numbers that scan() has seen. With `flip` applied, unsigned comparison orders them as their type does.
  uint64_t least = UINT64_MAX, largest = 0;
  size_t scanned = 0;

  bool is_empty() const { return values == 0; }
  bool is_wide() const {
    return column->type == StoreType::u64 || column->type == StoreType::i64 || column->type == StoreType::timestamp_ms;
  }
  bool is_text() const { return column->type == StoreType::text || column->type == StoreType::list_text; }
  uint64_t flip() const {
    if (column->type == StoreType::i32) return uint64_t{1} << 31;
    return column->type == StoreType::i64 || column->type == StoreType::timestamp_ms ? uint64_t{1} << 63 : 0;
  }
  bool is_list() const { return column->type == StoreType::list_u32 || column->type == StoreType::list_text; }

  // Rows [rows, first) are null.
  void null_until(uint32_t first) {
    if (first > rows) mark(first - rows, false);
  }
  // The next `count` rows, from `first` on, have values: where to put them.
  uint32_t* append_small(uint32_t first, uint32_t count) {
    null_until(first);
    mark(count, true);
    small.resize(small.size() + count);
    return small.data() + small.size() - count;
  }
  uint64_t* append_wide(uint32_t first, uint32_t count) {
    null_until(first);
    mark(count, true);
    wide.resize(wide.size() + count);
    return wide.data() + wide.size() - count;
  }
  // The next row has a list of `size` elements: where to put them.
  uint32_t* append_list(uint32_t first, uint32_t size) {
    null_until(first);
    mark(1, true);
    list_sizes.push_back(size);
    small.resize(small.size() + size);
    return small.data() + small.size() - size;
  }
  // Takes new numbers into `least` and `largest`: soon after they were appended, while the cache has them.
  void scan() {
    if (is_text()) return;
    if (is_wide())
      scan(wide.data(), wide.size());
    else
      scan(small.data(), small.size());
  }
  void mark(uint32_t count, bool present) {
    if (!count) return;
    if (presence.empty() || presence.back().present != present) presence.push_back({0, present});
    presence.back().rows += count;
    rows += count;
    if (present) values += count;
  }
  void clear() {
    presence.clear(), small.clear(), wide.clear(), list_sizes.clear(), dictionary.clear();
    rows = values = 0;
    least = UINT64_MAX, largest = 0, scanned = 0;
  }

 private:
  template <class T>
  void scan(const T* numbers, size_t count) {
    const T turn = static_cast<T>(flip());
    T low = static_cast<T>(least), high = static_cast<T>(largest);
    for (size_t i = scanned; i < count; ++i) {
      T key = numbers[i] ^ turn;
      low = key < low ? key : low;
      high = key > high ? key : high;
    }
    if (scanned < count) least = low, largest = high;
    scanned = count;
  }
};

}  // namespace weir
