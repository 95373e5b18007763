// SPDX-License-Identifier: Apache-2.0
// The receiving side of `weir collect`: workers that receive and decode, each with its own sockets.
//
//   threads  one per worker; update_drops() from the thread that owns the pipeline
//   stop     reads what the sockets still hold, decodes what waits for a template where another port's may serve, then
//            emits the last rows; what the time does not suffice for is given up and counted
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "cmd/config.h"
#include "decode/decoder.h"
#include "receive/udp_receiver.h"
#include "run/stop_time.h"
#include "run/worker.h"

namespace weir {

struct PipelineParts {
  const CollectConfig& config;
  unsigned workers;
  TemplateStore& templates;
  Streams& streams;
  Ledger& ledger;
  BatchPool& pool;
  std::function<void(const BatchRef&)> deliver;  // any worker; must not block
  Decoder::EmitCounters deliver_counters;        // the same
  ReceiveClock& clock;
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

 private:
  struct Lane;  // one worker's things
  void work(Lane& lane, std::stop_token stop);
  void drain(Lane& lane);
  void steer(Lane& lane);

  PipelineParts parts_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::atomic<int64_t> next_tick_ns_{0};
  std::atomic<bool> steers_{false};  // all of a sender to one worker
  std::atomic<size_t> left_in_sockets_{0};
};

}  // namespace weir
