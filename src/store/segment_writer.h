// SPDX-License-Identifier: Apache-2.0
// SegmentWriter: rows of a table as one Parquet file (docs/formats/store.md).
//
//   in       runs of FlowBatches, or counter samples, or the rows of other segments; all of one table
//   out      `path`.tmp, complete and synced after finish(); the caller names it `path` once it is catalogued
//   threads  one at a time
//   memory   the rows of one row group, at most kRowGroupRows, and of lists about kRowGroupElements a column
//   failure  errno of the file system, remembered: later calls do nothing; the destructor removes an unfinished file
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "flow/batch.h"
#include "store/columns.h"
#include "wire/sflow_counters.h"

namespace weir {

struct TimeSpan {
  int64_t min_ns = 0, max_ns = 0;  // min > max: no row has such a time
};

struct SegmentFigures {
  uint64_t rows = 0;
  uint64_t bytes = 0;  // of the file
  TimeSpan received, start, end;
};

class SegmentWriter {
 public:
  // Opens `path`.tmp when the first row group is full or at finish(); the folder must exist by then.
  // `columns`: of the table in the store, which outlive the writer.
  explicit SegmentWriter(std::string path, std::span<const StoreColumn> columns = store_columns(),
                         Table table = Table::flows);
  ~SegmentWriter();
  SegmentWriter(SegmentWriter&&) noexcept;

  // All rows of `runs`, which stand in `batch` one after the other. 0 or errno.
  int add(const FlowBatch& batch, std::span<const Run> runs);
  int add(std::span<const CounterSample> samples);
  // All rows of another segment, which stays as it is; `figures` are what finish() said of it. 0 or errno; EBADMSG
  // where it is damaged. `error` says how, or why it cannot be read; "" where writing failed. After an error this
  // writer is of no use.
  int add_segment(const std::string& segment_path, const SegmentFigures& figures, std::string& error);

  uint64_t rows() const;
  const std::string& path() const;
  // Writes what is left and the footer, and syncs the file. 0 or errno.
  int finish(SegmentFigures& figures);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
