// SPDX-License-Identifier: Apache-2.0
// Output: a destination of decoded flows and counter samples. Each configured output has a name, and accounts for every
// record offered to it exactly once, in its counts in the ledger (ledger/output_counts.h): acknowledged, filtered or
// dropped, by reason. Each output defines what acknowledged means: in the store's list, passed to the kernel.
//
//   in       offer() from any thread, never blocks: what an output cannot take it drops
//   threads  of its own, so that a slow output delays neither decoding nor other outputs
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

OutputError output_error(int error);  // for an errno

// Counter samples are shared by outputs, as flow batches are.
using CounterBatchRef = std::shared_ptr<const CounterBatch>;

// Totals since the start of the process.
struct OutputStats {
  uint64_t sent_records = 0;
  uint64_t sent_bytes = 0;
  std::array<uint64_t, kOutputErrorCount> errors{};           // by reason: refusals and failed writes
  std::array<uint64_t, kOutputErrorCount> dropped_records{};  // by reason
  size_t queued_batches = 0;
  size_t queue_capacity = 0;
  bool is_failing = false;   // the last attempt failed
  int64_t turned_at_ns = 0;  // monotonic: start of its thread's last loop iteration; 0: not started
};

// What an output has done so far. Any thread may count or read.
class OutputCounters {
 public:
  void sent_records(uint64_t records) { add(sent_records_, records); }
  void sent_bytes(uint64_t bytes) { add(sent_bytes_, bytes); }
  void error(OutputError reason) { add(errors_[static_cast<size_t>(reason)], 1); }
  void dropped(OutputError reason, uint64_t records) { add(dropped_[static_cast<size_t>(reason)], records); }
  // Everything except the queue's figures.
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
  // Writes everything that is queued and flushes. What is offered afterwards is dropped (stopped).
  virtual void stop() = 0;
  virtual OutputStats stats() const = 0;
  // Soon afterwards reopens what it writes to (SIGHUP, after logrotate moved a file).
  virtual void reopen() {}
  // What it writes to, for messages.
  virtual std::string destination() const { return name(); }
  // The output can never deliver again: the reader of standard output is gone.
  virtual bool broken() const { return false; }
};

}  // namespace weir
