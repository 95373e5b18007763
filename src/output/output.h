// SPDX-License-Identifier: Apache-2.0
// Output: where decoded flows and counter samples go. Each one of the configuration has a name, and settles every
// record that it is offered exactly once, in its entry of the ledger (ledger/output_counts.h): acknowledged,
// filtered or dropped, by reason. What acknowledged means is the output's to say: in the store's list, handed to the
// kernel.
//
//   in       offer() from any thread, never blocks: what an output cannot take it drops
//   threads  of its own, so that a slow output holds up neither decoding nor the others
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/output_error.h"
#include "flow/batch.h"
#include "wire/sflow_counters.h"

namespace weir {

OutputError output_error(int error);  // of an errno

// Counter samples are shared by outputs, as batches of flows are.
using CounterBatchRef = std::shared_ptr<const CounterBatch>;

// Since the start of the process.
struct OutputStats {
  uint64_t sent_records = 0;
  uint64_t sent_bytes = 0;
  std::array<uint64_t, kOutputErrorCount> errors{};           // by reason: refusals and failed writes
  std::array<uint64_t, kOutputErrorCount> dropped_records{};  // by reason
  size_t queued_batches = 0;
  size_t queue_capacity = 0;
  bool is_failing = false;   // the last attempt failed
  int64_t turned_at_ns = 0;  // monotonic: when its thread last began another turn; 0: it has not started
};

// What an output has done so far. Any thread counts, any thread reads.
class OutputCounters {
 public:
  void sent_records(uint64_t records) { add(sent_records_, records); }
  void sent_bytes(uint64_t bytes) { add(sent_bytes_, bytes); }
  void error(OutputError reason) { add(errors_[static_cast<size_t>(reason)], 1); }
  void dropped(OutputError reason, uint64_t records) { add(dropped_[static_cast<size_t>(reason)], records); }
  // Without the queue.
  OutputStats stats() const;

 private:
  using Counter = std::atomic<uint64_t>;
  static void add(Counter& counter, uint64_t n) { counter.fetch_add(n, std::memory_order_relaxed); }
  Counter sent_records_{0}, sent_bytes_{0};
  std::array<Counter, kOutputErrorCount> errors_{}, dropped_{};
};

class Output {
 public:
  virtual ~Output() = default;
  virtual const std::string& name() const = 0;
  virtual void start() = 0;
  virtual void offer(const BatchRef& batch) = 0;
  virtual void offer(const CounterBatchRef& batch) = 0;
  // Writes everything that is queued and flushes. What is offered after is dropped (stopped).
  virtual void stop() = 0;
  virtual OutputStats stats() const = 0;
  // Soon after: opens anew what it writes to (SIGHUP, after logrotate moved a file).
  virtual void reopen() {}
  // What it writes to, for messages.
  virtual std::string destination() const { return name(); }
  // Nobody takes what it writes any more, for good: the reader of standard output has gone.
  virtual bool broken() const { return false; }
};

}  // namespace weir
