// SPDX-License-Identifier: Apache-2.0
// ColumnBuffer: the values of one column of the row group that is being filled.
//
// Values are stored without gaps; `presence` says which rows have one. Rows that nothing is appended for are null: when
// a row gets a value, the rows before it without one are marked null (lazily, so that a column costs nothing while it
// is absent).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/assert.h"
#include "parquet/column.h"
#include "parquet/string_dictionary.h"
#include "parquet/text_dictionary.h"
#include "parquet/values.h"

namespace weir {

struct PresenceRun {
  uint32_t rows = 0;
  bool present = false;
};

struct ColumnBuffer {
  explicit ColumnBuffer(const StoreColumn& c) : column(&c) {}

  const StoreColumn* column;
  std::vector<PresenceRun> presence;
  uint32_t rows = 0;    // rows that `presence` covers
  uint32_t values = 0;  // rows that are not null
  // By type: u8: `bytes`. u16: `shorts`. u32, i32: `words`. u64, i64, f64, timestamp_ms: `longs`; signed ones in two's
  // complement, f64 as its bits. Text: `words` contains indexes into `dictionary`, or into `strings` if is_strings().
  // Lists: `list_sizes` has one size per value, the elements (numbers or indexes) are in `words`. No wider than needed,
  // because filling a row group is bound by memory.
  Values<uint8_t> bytes;
  Values<uint16_t> shorts;
  Values<uint32_t> words;
  Values<uint64_t> longs;
  std::vector<uint32_t> list_sizes;
  TextDictionary dictionary;
  StringDictionary strings;
  // While all values are the same, as values from a header usually are, they may be counted instead: either `repeats`
  // equals `values`, each value is `repeated` and none is stored above, or `repeats` is 0.
  uint32_t repeats = 0;
  uint64_t repeated = 0;
  // Minimum and maximum of the numbers that scan() has seen. XORed with flip(), so that unsigned comparison orders them
  // as their type does.
  uint64_t smallest = UINT64_MAX, largest = 0;
  size_t scanned = 0;

  bool is_empty() const { return values == 0; }
  // 8 bytes per value in Parquet, otherwise 4.
  bool is_wide() const {
    return column->type == StoreType::u64 || column->type == StoreType::i64 || column->type == StoreType::f64 ||
           column->type == StoreType::timestamp_ms;
  }
  template <class T>
  Values<T>& numbers() {
    return numbers_of<T>(*this);
  }
  template <class T>
  const Values<T>& numbers() const {
    return numbers_of<T>(*this);
  }
  // Calls visit(T{}) with the T for which numbers<T>() contains this column's values (or a list's elements).
  template <class Visit>
  decltype(auto) with_width(Visit visit) const {
    switch (column->type) {
      case StoreType::u8:
        return visit(uint8_t{});
      case StoreType::u16:
        return visit(uint16_t{});
      case StoreType::u64:
      case StoreType::i64:
      case StoreType::f64:
      case StoreType::timestamp_ms:
        return visit(uint64_t{});
      default:
        return visit(uint32_t{});
    }
  }
  bool is_text() const { return column->type == StoreType::text || column->type == StoreType::list_text; }
  bool is_strings() const { return info_of(*column).spelling == Spelling::text; }
  uint64_t flip() const {
    if (column->type == StoreType::i32) return uint64_t{1} << 31;
    return column->type == StoreType::i64 || column->type == StoreType::timestamp_ms ? uint64_t{1} << 63 : 0;
  }
  bool is_list() const { return column->type == StoreType::list_u32 || column->type == StoreType::list_text; }

  // Rows [rows, first) are null.
  void null_until(uint32_t first) {
    if (first > rows) mark(first - rows, false);
  }
  // The next `count` rows, starting at `first`, have values; returns where to write them.
  template <class T>
  T* append(uint32_t first, uint32_t count) {
    if (repeats) write_repeats();
    null_until(first);
    mark(count, true);
    Values<T>& to = numbers<T>();
    to.resize(to.size() + count);
    return to.data() + to.size() - count;
  }
  // The next `count` rows, starting at `first`, all have this value.
  template <class T>
  void fill(uint32_t first, uint32_t count, T value) {
    if (repeats != values || (repeats && repeated != value)) {
      std::fill_n(append<T>(first, count), count, value);
      return;
    }
    null_until(first);
    mark(count, true);
    repeats += count, repeated = value;
  }
  void write_repeats() {
    with_width([&]<class T>(T) { numbers<T>().assign(repeats, static_cast<T>(repeated)); });
    repeats = 0;
  }
  // The next row has a list of `size` elements; returns where to write them.
  uint32_t* append_list(uint32_t first, uint32_t size) {
    null_until(first);
    mark(1, true);
    list_sizes.push_back(size);
    words.resize(words.size() + size);
    return words.data() + words.size() - size;
  }
  // Updates `smallest` and `largest` with the numbers appended since the last call: call it soon after appending, while
  // they are still in the cache.
  void scan() {
    if (is_text()) return;
    if (repeats)
      smallest = largest = repeated ^ flip();
    else
      with_width([&]<class T>(T) { scan(numbers<T>().data(), numbers<T>().size()); });
  }
  void mark(uint32_t count, bool present) {
    if (!count) return;
    if (presence.empty() || presence.back().present != present) presence.push_back({0, present});
    presence.back().rows += count;
    rows += count;
    if (present) values += count;
  }
  void clear() {
    presence.clear(), list_sizes.clear(), dictionary.clear(), strings.clear();
    bytes.clear(), shorts.clear(), words.clear(), longs.clear();
    rows = values = repeats = 0;
    smallest = UINT64_MAX, largest = 0, scanned = 0;
  }

 private:
  template <class T, class Self>
  static auto& numbers_of(Self& self) {
    if constexpr (sizeof(T) == 1)
      return self.bytes;
    else if constexpr (sizeof(T) == 2)
      return self.shorts;
    else if constexpr (sizeof(T) == 4)
      return self.words;
    else
      return self.longs;
  }
  // Four lanes, because each comparison has to wait for the previous one.
  template <class T>
  void scan(const T* numbers, size_t count) {
    constexpr size_t kLanes = 4;
    const T turn = static_cast<T>(flip());
    std::array<T, kLanes> low, high;
    low.fill(static_cast<T>(smallest)), high.fill(static_cast<T>(largest));
    auto take = [&](size_t i, size_t lane) {
      T key = static_cast<T>(numbers[i] ^ turn);
      low[lane] = std::min(low[lane], key);
      high[lane] = std::max(high[lane], key);
    };
    size_t i = scanned;
    for (; i + kLanes <= count; i += kLanes)
      for (size_t lane = 0; lane < kLanes; ++lane) take(i + lane, lane);
    for (; i < count; ++i) take(i, 0);
    if (scanned < count) smallest = std::ranges::min(low), largest = std::ranges::max(high);
    scanned = count;
  }
};

}  // namespace weir
