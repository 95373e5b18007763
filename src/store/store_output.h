// SPDX-License-Identifier: Apache-2.0
// StoreOutput: records into segments, one at each flush and hour of receive time; counter samples into those of their
// own table.
//
//   in       offer() and offer_counters() from any thread, never block; stats() too
//   out      listed segments; only then are their rows `stored`
//   threads  one of its own, which also runs retention after each flush and each minute
//   memory   a queue of at most `queue_bytes`, one of `counter_batches`, and the row group of each open segment, at
//   most
//            kMostOpen of a table
//   failure  a segment that cannot be written or listed loses its rows, counted under a named reason and logged at most
//            once in 10 s; the next one is tried again, so it recovers by itself. Below the floor of free space rows
//            are refused (no_space)
#pragma once

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/ledger.h"
#include "run/bounded_queue.h"
#include "run/receive_clock.h"
#include "run/stop_time.h"
#include "run/worker.h"
#include "sink/output.h"
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
  const StopTime* stop_time = nullptr;  // after it what is queued is given up; nullptr: never
};

class StoreOutput final : public Output {
 public:
  // Everything but the configuration outlives the output. `lost_before`: what the run before had decoded and lost.
  StoreOutput(const StoreOutputConfig& config, Segments& segments, Retention& retention, FreeSpace& space,
              ReceiveClock& clock, Ledger& ledger, int64_t lost_before = 0);
  ~StoreOutput() override;

  void start() override;
  void offer(const BatchRef& batch) override;
  void offer_counters(std::unique_ptr<CounterBatch> batch);
  void stop() override;
  OutputStats stats() const override;  // of flows; what becomes of counter samples is in the ledger

  // Held data may be replayed into hours that have passed; beyond this the oldest open segment is flushed.
  static constexpr size_t kMostOpen = 4;

 private:
  struct OpenSegment {
    Table table = Table::flows;
    int64_t hour = 0;       // of its rows
    int64_t opened_in = 0;  // hour of the clock when opened
    int64_t opened_ns = 0;  // monotonic
    std::string path;
    SegmentWriter writer;
    absl::flat_hash_map<uint32_t, uint64_t> rows;  // by account
    int64_t yardstick_ns = 0;                      // as Segment's
  };

  // Rows of one table, which go into a segment together.
  struct Rows {
    Table table = Table::flows;
    int64_t hour = 0;
    std::vector<std::pair<uint32_t, uint64_t>> of_accounts;  // account, rows
    int64_t yardstick_ns = 0;                                // as Segment's

    void begin(Table of, int64_t in) {
      table = of, hour = in;
      of_accounts.clear();
      yardstick_ns = 0;
    }
    void add(uint32_t account, uint64_t rows, int64_t received_ns, bool clock_held) {
      of_accounts.emplace_back(account, rows);
      if (!clock_held) yardstick_ns = std::max(yardstick_ns, received_ns);
    }
  };

  void write_until_stopped();
  bool take_next();
  bool out_of_time() const { return config_.stop_time && config_.stop_time->is_over(); }
  void take(const FlowBatch& batch);
  void take(const CounterBatch& batch);
  template <class Write>
  void add(const Rows& rows, Write write);
  OpenSegment* segment_of(Table table, int64_t hour, int& error);
  std::unique_ptr<OpenSegment> take_out(const OpenSegment* segment);
  void flush_due(int64_t now_ns);
  void look_around(int64_t now_ns);
  void flush(std::unique_ptr<OpenSegment> segment);
  std::string list(const OpenSegment& segment, const SegmentFigures& figures);
  void lose(std::unique_ptr<OpenSegment> segment, int error, const std::string& why);
  void drop(const FlowBatch& batch, OutputError reason);
  void drop(const CounterBatch& batch);
  void drop(Table table, uint32_t account, uint64_t rows, OutputError reason);
  void report(Table table, int error, uint64_t lost, const std::string& why);

  const StoreOutputConfig config_;
  Segments& segments_;
  Retention& retention_;
  FreeSpace& space_;
  ReceiveClock& clock_;
  Ledger& ledger_;
  BoundedQueue<BatchRef> queue_;
  BoundedQueue<std::unique_ptr<CounterBatch>> counter_queue_;
  std::atomic<size_t> queued_bytes_{0};

  // Of the writing thread.
  std::vector<std::unique_ptr<OpenSegment>> open_;  // in the order of opening
  int64_t clock_hour_ = 0;
  int64_t next_look_ns_ = 0, next_retention_ns_ = 0;  // monotonic
  int64_t logged_ns_ = 0;                             // monotonic; 0: never
  std::array<uint64_t, kTableCount> lost_since_logged_{};
  bool failing_ = false;
  Rows rows_;  // being added

  std::atomic<bool> stopping_{false};
  OutputCounters counters_;
  std::optional<Worker> worker_;
};

}  // namespace weir
