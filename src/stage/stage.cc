// SPDX-License-Identifier: Apache-2.0
#include "stage/stage.h"

#include <algorithm>

namespace weir {

StageBatch::StageBatch(FlowBatch& flows, const FieldMask& owned, size_t text_bytes)
    : flows_(flows), owned_(owned), counts_(flows.runs().size()) {
  flows_.texts().keep_free(flows_.texts().free() - std::min(flows_.texts().free(), text_bytes));
}

TextRef StageBatch::add_text(size_t run, std::string_view text) {
  const TextRef added = flows_.texts().add(text);
  counts_[run].cut_texts += flows_.texts().take_cut();
  return added;
}

void StageBatch::leave_out(uint32_t row) {
  if (left_out_.empty()) left_out_.resize(flows_.rows());
  if (std::exchange(left_out_[row], 1)) return;
  const auto& runs = flows_.runs();
  const auto after = std::ranges::upper_bound(runs, row, {}, &Run::first_row);
  ++counts_[static_cast<size_t>(after - runs.begin()) - 1].left_out;
}

void StageBatch::close() {
  if (!left_out_.empty()) flows_.remove_rows(left_out_);
}

}  // namespace weir
