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
  std::vector<uint32_t> small;
  std::vector<uint64_t> wide;
  std::vector<uint32_t> list_sizes;
  TextDictionary dictionary;

  bool is_empty() const { return values == 0; }
  bool is_wide() const {
    return column->type == StoreType::u64 || column->type == StoreType::i64 || column->type == StoreType::timestamp_ms;
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
  }
};

}  // namespace weir
