// SPDX-License-Identifier: Apache-2.0
#include "stage/stages.h"

#include <string>
#include <utility>

#include "base/error.h"

namespace weir {
namespace {

void check_columns(const Stage& earlier, const Stage& later) {
  for (size_t i = 0; i < kFieldSlots; ++i) {
    const auto field = static_cast<Field>(i);
    if (!earlier.columns().has(field) || !later.columns().has(field)) continue;
    throw usage_error("both " + std::string(earlier.name()) + " and " + std::string(later.name()) + " fill the field " +
                      std::string(is_extra(field) ? "that was added" : info(field).name) + "; leave one of them out");
  }
}

}  // namespace

Stages::Stages(std::vector<std::unique_ptr<Stage>> stages, Ledger& ledger)
    : stages_(std::move(stages)), ledger_(ledger) {
  for (size_t later = 0; later < stages_.size(); ++later) {
    for (size_t earlier = 0; earlier < later; ++earlier) check_columns(*stages_[earlier], *stages_[later]);
    text_bytes_ += stages_[later]->text_bytes();
  }
  if (text_bytes_ > limits::kStageTextBytes)
    throw usage_error("filters and enrichments would add more texts than the " +
                      std::to_string(limits::kStageTextBytes) + " octets a batch has for them; leave some out");
}

void Stages::pass(FlowBatch& batch) const {
  for (const std::unique_ptr<Stage>& stage : stages_) {
    if (batch.empty()) break;
    StageBatch at(batch, stage->columns(), stage->text_bytes());
    stage->pass(at);
    count(batch, at);
    at.close();
  }
}

void Stages::count(const FlowBatch& batch, const StageBatch& passed) const {
  for (size_t run = 0; run < passed.counts().size(); ++run) {
    const auto [cut_texts, left_out] = passed.counts()[run];
    if (cut_texts == 0 && left_out == 0) continue;
    LedgerEntry& entry = ledger_.at(batch.runs()[run].entry);
    if (left_out > 0) entry.filtered.add(left_out);
    if (cut_texts > 0) entry.count(Refused::text_too_long, cut_texts);
  }
}

}  // namespace weir
