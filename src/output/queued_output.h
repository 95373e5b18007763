// SPDX-License-Identifier: Apache-2.0
// QueuedOutput: what outputs have in common: a bounded queue, a thread that empties it, counting, and lines in the log
// that do not repeat themselves.
//
//   in       offer() from any thread: into the queue; what does not fit is dropped (queue_full)
//   out      begin(), take(), work() and end(), in the thread, by whoever derives from this
//   memory   QueueBounds, and what the output keeps
//   failure  the output reports; a line at most once in 10 s, with all that was lost since the last one
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>

#include "ledger/ledger.h"
#include "output/output.h"
#include "run/bounded_queue.h"
#include "run/stop_time.h"
#include "run/worker.h"

namespace weir {

struct QueueBounds {
  size_t batches = limits::kQueueBatches;
  size_t bytes = SIZE_MAX;  // of columns
  size_t counter_batches = limits::kCounterQueueBatches;
};

struct QueuedOutputConfig {
  const char* thread = "output";
  const char* log = "sink";  // whose lines in the log they are
  QueueBounds queue;
  const StopTime* stop_time = nullptr;  // after it what is queued is dropped (stop_timeout); nullptr: never
  // Between two looks into an empty queue.
  std::chrono::milliseconds pause{200};
  // Whether a batch wakes the thread before its pause is over: it is there at once, and costs who offers it a call.
  bool is_woken = true;
};

class QueuedOutput : public Output {
 public:
  const std::string& name() const final { return entry_.name(); }
  void start() final;
  void offer(const BatchRef& batch) final;
  void offer(const CounterBatchRef& batch) final;
  void stop() final;
  OutputStats stats() const final;
  // So many records the run before had decoded, and they have been counted as dropped (Ledger::settle_unfinished).
  void lost_before(int64_t records);

 protected:
  // `entry` outlives the output. Who derives from this calls stop() in its destructor.
  QueuedOutput(const QueuedOutputConfig& config, OutputCounts& entry);

  // In the output's thread. take() sees to it that the batch is settled, now or later.
  virtual void begin() {}
  virtual void take(const FlowBatch& batch) = 0;
  virtual void take(const CounterBatch& batch);  // unless the output has more to do with them: filtered
  // After each batch, and after each look into an empty queue (`idle`): what is due.
  virtual void work(bool idle) = 0;
  virtual void end() {}  // nothing more comes

  // Records and counter samples of an entry that have their fate.
  void acknowledge(uint32_t entry, uint64_t records);
  void acknowledge_counters(uint32_t entry, uint64_t samples);
  void drop(uint32_t entry, OutputError reason, uint64_t records);
  void drop_counters(uint32_t entry, uint64_t samples);
  void drop(const FlowBatch& batch, OutputError reason);
  void drop(const CounterBatch& batch);

  // Says why so many were lost, and what to do.
  struct Lost {
    uint64_t records = 0, samples = 0;
  };
  void report(OutputError reason, const std::string& why, const Lost& lost, const std::string& remedy);
  // It works: where the last attempt did not, `line` is said.
  void works(const std::string& line);

  bool out_of_time() const { return config_.stop_time && config_.stop_time->is_over(); }
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

  OutputCounts& entry_;
  OutputCounters counters_;

 private:
  // One of the two.
  struct Queued {
    BatchRef flows;
    CounterBatchRef counters;
    size_t bytes = 0;  // of the flows
  };
  void run();
  bool take_next(bool waits);

  const QueuedOutputConfig config_;
  BoundedQueue<Queued> queue_;
  std::atomic<size_t> queued_batches_{0}, queued_bytes_{0}, queued_counters_{0};
  std::atomic<bool> stopping_{false};
  std::optional<Worker> worker_;

  // Of the output's thread.
  int64_t logged_ns_ = 0;  // monotonic; 0: never
  Lost lost_since_logged_;
  std::atomic<bool> failing_{false};      // any thread reads
  std::atomic<int64_t> turned_at_ns_{0};  // the same
};

}  // namespace weir
