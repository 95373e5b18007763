// SPDX-License-Identifier: Apache-2.0
// Decoder: counter samples of sFlow, on their way to the batch that goes to the store.
#include <utility>

#include "decode/decoder.h"

namespace weir {

void Decoder::read_counter_sample(Message& message, Bytes body, bool expanded) {
  Account& account = *message.known->account;
  CounterSample& sample = next_counter_sample();
  auto [usable, problem] = weir::read_counter_sample(body, expanded, sample);
  if (problem) account.count(*problem);
  if (!usable) return counters_->pop_back();
  sample.received_ns = message.context.received_ns;
  sample.clock_held = message.context.clock_held;
  sample.agent = message.exporter;
  sample.sub_agent = message.known->stream->key.domain;
  sample.uptime_ms = message.context.uptime_ms;
  sample.account = account.index;
  sample_steps_.push_back({SampleKind::counters, {sample.source_class, sample.source_index}, sample.sequence});
  account.counter_samples.add();
}

// One to be filled; the last of the batch.
CounterSample& Decoder::next_counter_sample() {
  if (counters_ && counters_->size() == limits::kCounterBatchRows) flush_counters();
  if (!counters_) {
    counters_ = std::make_unique<CounterBatch>();
    counters_->reserve(limits::kCounterBatchRows);
  }
  return counters_->emplace_back();
}

void Decoder::flush_counters() {
  if (!counters_ || counters_->empty()) return;
  std::unique_ptr<CounterBatch> batch = std::exchange(counters_, nullptr);
  if (emit_counters_) emit_counters_(std::move(batch));
}

}  // namespace weir
