// SPDX-License-Identifier: Apache-2.0
// BatchWriter: the batch that one worker is filling.
//
//   in       runs, begun with the header of their message; the readers fill their columns
//   out      full batches to `emit`, with flush() also one that is not
//   threads  one per worker
//   memory   one batch of the pool
//   failure  none: where there is no room, the batch goes and an empty one comes
#pragma once

#include <functional>
#include <memory>

#include "decode/message.h"
#include "flow/batch.h"

namespace weir {

class BatchWriter {
 public:
  using Emit = std::function<void(std::unique_ptr<FlowBatch>)>;

  // `kept_free`: octets of each batch's texts that are for who comes after decoding.
  BatchWriter(BatchPool& pool, Emit emit, size_t kept_free);

  FlowBatch& batch() { return *batch_; }
  // Rows that it takes, of which each may have so many octets of texts; of an empty one where it takes none.
  uint32_t space(size_t text_bytes);
  // Adds so many rows to it (at most room()), their columns to be filled by the caller.
  Run& begin_run(const Message& message, FieldMask mask, uint32_t rows);
  // Emits it, if it has rows.
  void flush();
  // Received time of its first row; 0 where it has none.
  int64_t oldest_ns() const { return batch_->empty() ? 0 : batch_->runs().front().received_ns; }

 private:
  void begin_batch();

  BatchPool& pool_;
  const Emit emit_;
  const size_t kept_free_;
  std::unique_ptr<FlowBatch> batch_;
};

}  // namespace weir
