// SPDX-License-Identifier: Apache-2.0
// Pipeline: the receiving side of `weir collect`: workers that receive and decode, each with its own sockets.
//
//   threads  one per worker; while_resting() and update_drops() from the thread that owns the pipeline
//   stop     reads what is left in the sockets, decodes data that waits for its template if another source port's
//            template may serve, then emits the last rows; what does not fit in the time is given up and counted
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
  std::function<void(const BatchRef&)> deliver;  // called by any worker; must not block
  Decoder::EmitCounters deliver_counters;        // the same
  ReceiveClock& clock;
  const AllowedSenders& allowed;
  const StopTime& stop_time;
};

class Pipeline {
 public:
  // Binds every socket before any is read; throws usage_error if one cannot be bound.
  explicit Pipeline(const PipelineParts& parts);
  ~Pipeline();

  void start();
  // Reads what has arrived, decodes it, emits it, ends the workers. Returns the number of datagrams that were left in
  // the sockets, which are counted as kernel drops.
  size_t stop();
  void update_drops();

  // Between start() and stop(). Calls `change` while every worker rests: each has emitted its rows, and no batch is
  // being delivered. During that time datagrams collect in the sockets' buffers: it must only take milliseconds.
  void while_resting(const std::function<void()>& change);
  // Only during while_resting().
  void set_exporters(const std::shared_ptr<const ExporterRules>& rules);

 private:
  class Decoding;       // handles a worker's datagrams
  struct WorkerThread;  // a worker and its Decoding
  void publish(std::unique_ptr<FlowBatch> batch);
  void steer();
  void rest(Decoder& decoder);

  PipelineParts parts_;
  std::vector<std::unique_ptr<WorkerThread>> threads_;
  std::atomic<int64_t> next_tick_ns_{0};
  std::atomic<bool> steers_{false};  // all datagrams of a sender are steered to one worker
  // State of while_resting().
  std::atomic<bool> rest_wanted_{false};
  std::mutex rest_mutex_;
  std::condition_variable rest_changed_;
  size_t resting_ = 0;  // workers
};

}  // namespace weir
