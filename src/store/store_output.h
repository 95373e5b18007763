// SPDX-License-Identifier: Apache-2.0
// StoreOutput: writes flow records into segments, one for each flush and hour of receive time; counter samples into
// segments of their own table.
//
//   in       offer() from any thread, never blocks
//   out      listed segments; rows are acknowledged only once their segment is listed
//   threads  one of its own, which also runs retention after each flush and each minute
//   memory   the queue, and the row group of each open segment, at most kMaxOpen per table
//   failure  the rows of a segment that cannot be written or listed are lost, counted under a named reason and logged
//            at most once in 10 s; the next segment is tried again, so it recovers by itself. Below the floor of free
//            space rows are refused (no_space)
#pragma once

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ledger/ledger.h"
#include "output/queued_output.h"
#include "run/receive_clock.h"
#include "store/free_space.h"
#include "store/retention.h"
#include "store/segments.h"

namespace weir {

struct StoreOutputConfig {
  int64_t flush_ns = 10'000'000'000;  // from a segment's first row
  uint64_t flush_rows = 4'000'000;
  size_t queue_batches = limits::kStoreQueueBatches;
  size_t queue_bytes = limits::kStoreQueueBytes;
  size_t counter_batches = limits::kCounterQueueBatches;
  const StopTime* stop_time = nullptr;  // after it queued data is dropped; nullptr: never
};

class StoreOutput final : public QueuedOutput {
 public:
  // Everything but the configuration must outlive the output.
  StoreOutput(const StoreOutputConfig& config, Segments& segments, Retention& retention, FreeSpace& space,
              ReceiveClock& clock, Ledger& ledger, OutputCounts& entry);
  ~StoreOutput() override { stop(); }

  // Held data may be replayed into past hours; beyond this number the oldest open segment is flushed.
  static constexpr size_t kMaxOpen = 4;

 private:
  struct OpenSegment {
    Table table = Table::flows;
    int64_t hour = 0;       // of its rows
    int64_t opened_in = 0;  // clock hour in which it was opened
    int64_t opened_ns = 0;  // monotonic
    std::string path;
    SegmentWriter writer;
    absl::flat_hash_map<uint32_t, uint64_t> rows;  // by entry
    int64_t yardstick_ns = 0;                      // as Segment's
  };

  // Rows of one table and hour, which are added to a segment together.
  struct Rows {
    Table table = Table::flows;
    int64_t hour = 0;
    std::vector<std::pair<uint32_t, uint64_t>> of_entries;  // entry, rows
    int64_t yardstick_ns = 0;                               // as Segment's

    void begin(Table of, int64_t in) {
      table = of, hour = in;
      of_entries.clear();
      yardstick_ns = 0;
    }
    void add(uint32_t entry, uint64_t rows, int64_t received_ns, bool clock_held) {
      of_entries.emplace_back(entry, rows);
      if (!clock_held) yardstick_ns = std::max(yardstick_ns, received_ns);
    }
  };

  void begin() override;
  void take(const FlowBatch& batch) override;
  void take(const CounterBatch& batch) override;
  void work(bool idle) override;
  void end() override;
  template <class Write>
  void add(const Rows& rows, Write write);
  OpenSegment* segment_of(Table table, int64_t hour, int& error);
  std::unique_ptr<OpenSegment> take_out(const OpenSegment* segment);
  void flush_due(int64_t now_ns);
  void look_around(int64_t now_ns);
  void flush(std::unique_ptr<OpenSegment> segment);
  std::string list(const OpenSegment& segment, const SegmentFigures& figures);
  void lose(std::unique_ptr<OpenSegment> segment, int error, const std::string& why);
  void drop_rows(Table table, uint32_t entry, uint64_t rows, OutputError reason);
  void report_lost(Table table, int error, uint64_t rows, const std::string& why);

  const StoreOutputConfig config_;
  Segments& segments_;
  Retention& retention_;
  FreeSpace& space_;
  ReceiveClock& clock_;
  Ledger& ledger_;

  // Used by the output's thread only.
  std::vector<std::unique_ptr<OpenSegment>> open_;  // in the order in which they were opened
  int64_t clock_hour_ = 0;
  int64_t next_look_ns_ = 0, next_retention_ns_ = 0;  // monotonic
  Rows rows_;                                         // being added
};

}  // namespace weir
