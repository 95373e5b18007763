// SPDX-License-Identifier: Apache-2.0
// SampleReader: reads the samples of an sFlow v5 datagram. They are read by their lengths, so an error inside one
// sample does not affect the others.
//
//   in       the octets after the datagram's header
//   out      a row for each flow sample and each dropped packet, in the BatchWriter's batch; counter samples, in
//            batches, to `emit`
//   threads  one per worker
//   memory   one sample; the numbers of one datagram's samples; a batch of counter samples (limits::kCounterBatchRows)
//   failure  samples and records that end early are counted as malformed. Samples of other formats are counted and
//            skipped, records of other formats are skipped
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "decode/batch_writer.h"
#include "decode/sampled_flow.h"
#include "decode/stream_order.h"
#include "wire/sflow_counters.h"

namespace weir {

class SampleReader {
 public:
  using EmitCounters = std::function<void(std::unique_ptr<CounterBatch>)>;

  // Without `emit`, counter samples are only counted.
  SampleReader(uint64_t default_sampling_rate, BatchWriter& out, EmitCounters emit);

  void read(const Message& message, ByteReader& in, uint32_t count);
  // The samples of the datagram read last.
  std::span<const SampleStep> steps() const { return steps_; }

  // Emits the counter samples collected so far.
  void flush();
  // Received time of the oldest of them; 0 if there is none.
  int64_t oldest_ns() const { return counters_ && !counters_->empty() ? counters_->front().received_ns : 0; }

 private:
  void read_samples(const Message& message, ByteReader& in, uint32_t count);
  void read_flow_sample(const Message& message, Bytes body, SampleFormat format);
  void read_flow_records(const Message& message, ByteReader& in, uint32_t count);
  void put_sample(const Message& message, bool discarded);
  void read_counter_sample(const Message& message, Bytes body, bool expanded);
  CounterSample& next_counter_sample();

  const uint64_t default_sampling_rate_;
  BatchWriter& out_;
  const EmitCounters emit_;
  const std::unique_ptr<SampledFlow> sampled_;  // the sample being read
  std::vector<SampleStep> steps_;
  bool run_open_ = false;                   // the last run belongs to this datagram
  std::unique_ptr<CounterBatch> counters_;  // null while there are none
};

}  // namespace weir
