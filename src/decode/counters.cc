// SPDX-License-Identifier: Apache-2.0
// Decoder: counter samples of sFlow, on their way to the batch that goes to the store.
#include <utility>

#include "decode/decoder.h"

namespace weir {

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
