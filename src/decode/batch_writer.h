// SPDX-License-Identifier: Apache-2.0
// BatchWriter: holds the batch that one worker is filling, and emits it when it is full.
//
//   in       runs, begun with the header of their message; the readers fill their columns
//   out      full batches to `emit`; on flush() also a partial one
//   threads  one per worker
//   memory   one batch of the pool
//   failure  none: when there is no space left, the batch is emitted and replaced with an empty one
#pragma once

#include <functional>
#include <memory>

#include "decode/message.h"
#include "flow/batch.h"

namespace weir {

class BatchWriter {
 public:
  using Emit = std::function<void(std::unique_ptr<FlowBatch>)>;

  // `kept_free`: octets of each batch's text space that are reserved for the steps after decoding.
  BatchWriter(BatchPool& pool, Emit emit, size_t kept_free);

  FlowBatch& batch() { return *batch_; }
  // How many more rows the batch can take, each with up to `text_bytes` octets of texts. If none, emits the batch and
  // answers for an empty one.
  uint32_t space(size_t text_bytes);
  // Adds `rows` rows to the batch (at most space()); the caller fills their columns.
  Run& begin_run(const Message& message, FieldMask mask, uint32_t rows);
  // Emits the batch if it has rows.
  void flush();
  // Received time of its first row; 0 if it has none.
  int64_t oldest_ns() const { return batch_->empty() ? 0 : batch_->runs().front().received_ns; }

 private:
  void begin_batch();

  BatchPool& pool_;
  const Emit emit_;
  const size_t kept_free_;
  std::unique_ptr<FlowBatch> batch_;
};

}  // namespace weir
