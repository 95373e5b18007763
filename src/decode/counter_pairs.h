// SPDX-License-Identifier: Apache-2.0
// Decides what IE 23 and 24 mean in records that have octet and packet counters twice: IE 1 and 2, and IE 23 and 24
// (see PostCounters).
#pragma once

#include "decode/exporter_rules.h"
#include "flow/batch.h"
#include "templates/fits.h"
#include "templates/plan.h"

namespace weir {

// Called after the plan has filled `rows` rows of the run, from `first` on. `find(pair, i)` returns a row's post
// counter as FieldBytes. The post counters become the counters of the other direction, or are ignored, or, if IE 1 and
// 2 are 0, become the counters themselves.
template <class Find>
void settle_counters(const Plan& plan, PostCounters rule, FlowBatch& batch, Run& run, uint32_t first, uint32_t rows,
                     Find find) {
  for (uint32_t i = 0; i < rows; ++i) {
    bool same = true, none = true;
    for (const CounterPair& pair : plan.counter_pairs) {
      const FieldBytes bytes = find(pair, i);
      const uint64_t counter = batch.column<uint64_t>(pair.counter)[first + i];
      same = same && counter == load_be_any(bytes.at, bytes.length);
      none = none && counter == 0;
    }
    const bool is_reverse = !none && (rule == PostCounters::reverse || (rule == PostCounters::by_value && !same));
    for (const CounterPair& pair : plan.counter_pairs) {
      const FieldBytes bytes = find(pair, i);
      const uint64_t post = load_be_any(bytes.at, bytes.length);
      if (none) batch.column<uint64_t>(pair.counter)[first + i] = post;
      batch.column<uint64_t>(pair.reverse)[first + i] = is_reverse ? post : 0;
      if (is_reverse && post != 0) run.mask.set(pair.reverse);
    }
  }
}

}  // namespace weir
