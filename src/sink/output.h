// SPDX-License-Identifier: Apache-2.0
// Output: where decoded flows go. One per configured sink; each has its own queue and thread, so that a slow
// one holds up neither decoding nor the others.
//
//   in       offer() from any thread, never blocks: a full queue drops the batch
//   out      records; per run, `stored` or `sink_dropped` in the account it names, each row exactly once. Where several
//            outputs get the same records, one of them counts into the ledger
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "flow/batch.h"

namespace weir {

// Why an output could not take records. Labels of metrics and lines in docs/: append only.
enum class OutputError : uint8_t {
  queue_full,      // the output is slower than the stream
  no_space,        // disk or quota full
  file_too_large,  // the file system's or the process's limit of a file's size
  closed_pipe,     // nobody reads the pipe any more
  stuck_pipe,      // at stop, the reader of the pipe takes nothing
  input_output,    // any other error of the file system
  stopped,         // offered after stop()
  crash,           // lost by the run before, which did not end by itself
  stop_timeout,    // still queued when the time of a stop was over
};
inline constexpr size_t kOutputErrorCount = 9;
inline constexpr std::string_view kOutputErrorNames[kOutputErrorCount] = {"queue_full",  "no_space",   "file_too_large",
                                                                          "closed_pipe", "stuck_pipe", "input_output",
                                                                          "stopped",     "crash",      "stop_timeout"};

OutputError output_error(int error);  // of an errno

struct OutputStats {
  uint64_t sent_records = 0;
  uint64_t sent_bytes = 0;
  std::array<uint64_t, kOutputErrorCount> errors{};           // by reason: refusals and failed writes
  std::array<uint64_t, kOutputErrorCount> dropped_records{};  // by reason
  size_t queued_batches = 0;
  size_t queue_capacity = 0;
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
  virtual void start() = 0;
  virtual void offer(const BatchRef& batch) = 0;
  // Writes everything that is queued and flushes. Nothing may be offered after.
  virtual void stop() = 0;
  virtual OutputStats stats() const = 0;
};

}  // namespace weir
