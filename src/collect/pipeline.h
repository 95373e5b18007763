// SPDX-License-Identifier: Apache-2.0
// The receiving side of `weir collect`: workers that receive and decode, each with its own sockets.
//
//   threads  one per worker; while_resting() and update_drops() from the thread that owns the pipeline
//   stop     reads what the sockets still hold, decodes what waits for a template where another port's may serve, then
//            emits the last rows; what the time does not suffice for is given up and counted
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "config/collect_config.h"
#include "decode/decoder.h"
#include "receive/receiving_worker.h"
#include "stage/stages.h"

namespace weir {

struct PipelineParts {
  const CollectConfig& config;
  unsigned workers;
  TemplateStore& templates;
  Streams& streams;
  Ledger& ledger;
  BatchPool& pool;
  const Stages& stages;
  std::function<void(const BatchRef&)> deliver;  // any worker; must not block
  Decoder::EmitCounters deliver_counters;        // the same
  ReceiveClock& clock;
  const AllowedSenders& allowed;
  const StopTime& stop_time;
};

class Pipeline {
 public:
  // Binds every socket before any is read; throws usage_error where one cannot be bound.
  explicit Pipeline(const PipelineParts& parts);
  ~Pipeline();

  void start();
  // Reads what has arrived, decodes it, emits it, ends the workers.
  // The number of datagrams that were left in the sockets, and counted as kernel drops.
  size_t stop();
  void update_drops();

  // Between start() and stop(). Calls `change` while every worker rests: each has emitted the rows it had, and no batch
  // is on its way to deliver(). Datagrams gather in the sockets' buffers meanwhile: it is to take milliseconds.
  void while_resting(const std::function<void()>& change);
  // Only in there.
  void set_exporters(const std::shared_ptr<const ExporterRules>& rules);

 private:
  class Decoding;       // what a worker's datagrams become
  struct WorkerThread;  // a worker, and that
  void publish(std::unique_ptr<FlowBatch> batch);
  void steer();
  void rest(Decoder& decoder);

  PipelineParts parts_;
  std::vector<std::unique_ptr<WorkerThread>> threads_;
  std::atomic<int64_t> next_tick_ns_{0};
  std::atomic<bool> steers_{false};  // all of a sender to one worker
  // while_resting()
  std::atomic<bool> rest_wanted_{false};
  std::mutex rest_mutex_;
  std::condition_variable rest_changed_;
  size_t resting_ = 0;  // workers
};

}  // namespace weir
