// SPDX-License-Identifier: Apache-2.0
#include "format/planned_writer.h"

#include <algorithm>

namespace weir {

namespace {
constexpr size_t kValueBound = 64;    // only texts are longer: the longest other value is an IPv6 network of 49 bytes
constexpr uint32_t kRowsAtOnce = 16;  // the output is extended for this many rows at a time
}  // namespace

void RenderPlan::add_text(std::string_view text) {
  if (pieces.empty() || pieces.back().kind != PlanPiece::Kind::text) pieces.push_back({PlanPiece::Kind::text, {}});
  pieces.back().text += text;
}

void RenderPlan::add_row_value(const FieldInfo& field, uint8_t op, std::string_view before) {
  if (field.column == Column::list_u32 || field.column == Column::list_address) lists.push_back(field.field);
  if (field.column == Column::text) texts.push_back(field.field);
  row_bound += before.size() + kValueBound;
  pieces.push_back({PlanPiece::Kind::row_value, std::string(before), field.field, op});
  pieces.back().text.append(PlannedWriter::kSlack, '\0');
}

void PlannedWriter::write(const FlowBatch& batch, std::string& out) {
  for (const Run& run : batch.runs()) {
    const RenderPlan& plan = plan_for(run);
    prepare(batch, run, plan);
    for (uint32_t row = run.first_row, last = run.first_row + run.rows; row < last;) {
      uint32_t end = std::min(row + kRowsAtOnce, last);
      size_t before = out.size();
      out.resize_and_overwrite(before + rows_bound(batch, plan, row, end), [&](char* text, size_t) {
        return static_cast<size_t>(write_rows(batch, row, end, text + before) - text);
      });
      row = end;
    }
  }
}

const RenderPlan& PlannedWriter::plan_for(const Run& run) {
  PlanKey key{run.mask, run.type};
  auto found = plans_.find(key);
  if (found != plans_.end()) return *found->second;
  if (plans_.size() >= kPlans) plans_.clear();  // exporters choose the masks, so the number of plans is limited
  auto plan = std::make_unique<RenderPlan>();
  compile(run, *plan);
  return *plans_.emplace(key, std::move(plan)).first->second;
}

// Builds the steps for the run's rows: the plan with the run's own values filled in.
void PlannedWriter::prepare(const FlowBatch& batch, const Run& run, const RenderPlan& plan) {
  run_ = &run;
  text_.clear();
  steps_.clear();
  size_t begin = 0;
  auto add_step = [&](const PlanPiece* value) {
    RenderStep step{};
    step.text_size = static_cast<uint32_t>(text_.size() - begin);
    begin = text_.size();
    if (value) {
      step.before = value->text.data();
      step.before_size = static_cast<uint32_t>(value->text.size() - kSlack);
      step.column = batch.column<uint8_t>(value->field);
      step.field = value->field;
      step.op = value->op;
    }
    steps_.push_back(step);
  };
  for (const PlanPiece& piece : plan.pieces) {
    switch (piece.kind) {
      case PlanPiece::Kind::text:
        text_ += piece.text;
        break;
      case PlanPiece::Kind::run_value:
        append_run_value(piece.field, run, text_);
        break;
      case PlanPiece::Kind::row_value:
        add_step(&piece);
        break;
    }
  }
  add_step(nullptr);
  text_.append(kSlack, '\0');
  const char* at = text_.data();  // known only now, because text_ no longer grows
  for (RenderStep& step : steps_) {
    step.text = at;
    at += step.text_size;
  }
}

size_t PlannedWriter::rows_bound(const FlowBatch& batch, const RenderPlan& plan, uint32_t first, uint32_t end) const {
  size_t bound = (end - first) * (plan.row_bound + text_.size()) + kSlack;
  for (Field field : plan.lists) {
    const ListRef* lists = batch.column<ListRef>(field);
    for (uint32_t row = first; row < end; ++row) bound += lists[row].count * list_value_bound();
  }
  for (Field field : plan.texts) {
    const TextRef* texts = batch.column<TextRef>(field);
    for (uint32_t row = first; row < end; ++row) bound += texts[row].length * text_octet_bound();
  }
  return bound;
}

}  // namespace weir
