// SPDX-License-Identifier: Apache-2.0
// QueuedOutput: the common part of outputs: a bounded queue, a thread that empties it, counting, and log lines that are
// not repeated.
//
//   in       offer() from any thread: into the queue; what does not fit is dropped (queue_full)
//   out      begin(), take(), work() and end(), called in its thread and implemented by the derived class
//   memory   QueueBounds, and what the output keeps
//   failure  the output calls report(); one log line in 10 s at most, with all that was lost since the last one
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "filter/predicate.h"
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
  const char* log = "sink";  // component name in the log
  QueueBounds queue;
  const StopTime* stop_time = nullptr;  // afterwards, queued batches are dropped (stop_timeout); nullptr: never
  // Time between two checks of an empty queue.
  std::chrono::milliseconds pause{200};
  // Whether a new batch wakes the thread before its pause is over: no delay, but a call for the thread that offers it.
  bool is_woken = true;
  // Only records for which it is true are taken; the others are counted as filtered. nullptr: all are taken.
  std::shared_ptr<const Predicate> where = nullptr;
};

class QueuedOutput : public Output {
 public:
  const std::string& name() const final { return entry_.name(); }
  void start() final;
  void offer(const BatchRef& batch) final;
  void offer(const CounterBatchRef& batch) final;
  void stop() final;
  OutputStats stats() const final;
  // Counts records that the previous run had decoded and the ledger already counted as dropped
  // (Ledger::settle_unfinished).
  void lost_before(int64_t records);

 protected:
  // `entry` outlives the output. The derived class calls stop() in its destructor.
  QueuedOutput(const QueuedOutputConfig& config, OutputCounts& entry);

  // Called in the output's thread. take() ensures that the batch is accounted for, now or later.
  virtual void begin() {}
  virtual void take(const FlowBatch& batch) = 0;
  virtual void take(const CounterBatch& batch);  // default: counts them as filtered
  // Called after each batch, and after each check of an empty queue (`idle`): does what is due.
  virtual void work(bool idle) = 0;
  virtual void end() {}  // nothing more will arrive

  // Account for records and counter samples of a ledger entry.
  void acknowledge(uint32_t entry, uint64_t records);
  void acknowledge_counters(uint32_t entry, uint64_t samples);
  void drop(uint32_t entry, OutputError reason, uint64_t records);
  void drop_counters(uint32_t entry, uint64_t samples);
  void drop(const FlowBatch& batch, OutputError reason);
  void drop(const CounterBatch& batch);

  // Logs why records were lost, how many, and what to do.
  struct Lost {
    uint64_t records = 0, samples = 0;
  };
  void report(OutputError reason, const std::string& why, const Lost& lost, const std::string& remedy);
  // The output works: if the last attempt failed, logs `line`.
  void works(const std::string& line);

  bool out_of_time() const { return config_.stop_time && config_.stop_time->is_over(); }
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

  OutputCounts& entry_;
  OutputCounters counters_;

 private:
  // Either flows or counters.
  struct Queued {
    BatchRef flows;
    CounterBatchRef counters;
    size_t bytes = 0;  // of the flows
  };
  void run();
  bool take_next(bool waits);
  void take_selected(const FlowBatch& batch);

  const QueuedOutputConfig config_;
  BoundedQueue<Queued> queue_;
  std::atomic<size_t> queued_batches_{0}, queued_bytes_{0}, queued_counters_{0};
  std::atomic<bool> stopping_{false};
  std::optional<Worker> worker_;

  // Used by the output's thread only.
  int64_t logged_ns_ = 0;  // monotonic; 0: never
  Lost lost_since_logged_;
  PredicateScratch scratch_;
  FlowBatch selected_;
  std::atomic<bool> failing_{false};      // read by any thread
  std::atomic<int64_t> turned_at_ns_{0};  // read by any thread
};

}  // namespace weir
