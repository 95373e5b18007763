// SPDX-License-Identifier: Apache-2.0
// Stages: the stages of a collector, in the order in which a batch passes them.
//
//   in       decoded batches, before they are published
//   out      the same batches, with more columns or fewer rows
//   threads  pass() from any worker
//   counts   in the entry of each run: removed rows are `filtered`, texts without space `text_too_long`
//   failure  the constructor throws usage_error: two stages fill the same column, or together need too much text space
#pragma once

#include <memory>
#include <vector>

#include "ledger/ledger.h"
#include "stage/stage.h"

namespace weir {

class Stages {
 public:
  // `ledger` outlives this.
  Stages(std::vector<std::unique_ptr<Stage>> stages, Ledger& ledger);

  // Octets of a batch's text space reserved for the stages: decoders leave them free.
  size_t text_bytes() const { return text_bytes_; }
  void pass(FlowBatch& batch) const;

 private:
  void count(const FlowBatch& batch, const StageBatch& passed) const;

  const std::vector<std::unique_ptr<Stage>> stages_;
  Ledger& ledger_;
  size_t text_bytes_ = 0;
};

}  // namespace weir
