// SPDX-License-Identifier: Apache-2.0
// Stretch: rows of a batch that have the same fields, as SegmentWriter adds them to columns.
#pragma once

#include <algorithm>
#include <span>

#include "flow/batch.h"

namespace weir {

// The runs that have some of the rows [first, end); `runs` follow one another.
inline std::span<const Run> with_rows(std::span<const Run> runs, uint32_t first, uint32_t end) {
  while (runs.front().first_row + runs.front().rows <= first) runs = runs.subspan(1);
  while (runs.back().first_row >= end) runs = runs.first(runs.size() - 1);
  return runs;
}

// Runs that follow one another; the first and the last of them may belong to it in part only.
struct Stretch {
  const FlowBatch& batch;
  std::span<const Run> runs;
  uint32_t first, rows;

  const FieldMask& mask() const { return runs.front().mask; }
  template <class T>
  const T* values(Field field) const {
    return batch.column<T>(field) + first;
  }
  // Calls on_run(run, n): the next n rows are of that run.
  template <class OnRun>
  void each_run(OnRun on_run) const {
    for (const Run& run : runs) {
      uint32_t begin = std::max(run.first_row, first), end = std::min(run.first_row + run.rows, first + rows);
      if (begin < end) on_run(run, end - begin);
    }
  }
};

}  // namespace weir
