// SPDX-License-Identifier: Apache-2.0
#include "stage/filter_stage.h"

namespace weir {

void FilterStage::pass(StageBatch& batch) {
  if (!where_) return;
  thread_local PredicateScratch scratch;
  const std::span<const uint8_t> others = where_->others(batch.flows(), scratch);
  for (uint32_t row = 0; row < others.size(); ++row)
    if (others[row]) batch.leave_out(row);
}

}  // namespace weir
