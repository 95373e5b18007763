// SPDX-License-Identifier: Apache-2.0
#include "decode/judge_times.h"

#include "base/time_units.h"

namespace weir {

// The same for all rows.
static void mark_received(FlowBatch& batch, Run& run) {
  if (!run.clock_held) return;
  uint8_t* out = batch.column<uint8_t>(Field::time_quality) + run.first_row;
  const bool judged = run.mask.has(Field::time_quality);
  for (uint32_t i = 0; i < run.rows; ++i) out[i] = static_cast<uint8_t>((judged ? out[i] : 0) | kClockHeldQuality);
  run.mask.set(Field::time_quality);
}

static uint32_t judge_flow_times(FlowBatch& batch, Run& run) {
  bool has_start = run.mask.has(Field::time_flow_start_ns), has_end = run.mask.has(Field::time_flow_end_ns);
  if (!has_start && !has_end) return 0;
  const int64_t* start =
      batch.column<int64_t>(has_start ? Field::time_flow_start_ns : Field::time_flow_end_ns) + run.first_row;
  const int64_t* end =
      batch.column<int64_t>(has_end ? Field::time_flow_end_ns : Field::time_flow_start_ns) + run.first_row;
  int64_t latest = run.export_ns + kDay;
  auto quality = [&](uint32_t i) {
    return static_cast<uint8_t>((start[i] > end[i] ? 1 : 0) + (start[i] > latest || end[i] > latest ? 2 : 0));
  };
  uint32_t wrong = 0;
  for (uint32_t i = 0; i < run.rows; ++i) wrong += quality(i) != 0;
  if (wrong == 0) return 0;
  uint8_t* out = batch.column<uint8_t>(Field::time_quality) + run.first_row;
  for (uint32_t i = 0; i < run.rows; ++i) out[i] = quality(i);
  run.mask.set(Field::time_quality);
  return wrong;
}

uint32_t judge_times(FlowBatch& batch, Run& run) {
  uint32_t wrong = judge_flow_times(batch, run);
  mark_received(batch, run);
  return wrong;
}

}  // namespace weir
