// SPDX-License-Identifier: Apache-2.0
// Whether the times of decoded rows can be right: the field time_quality.
#pragma once

#include "flow/batch.h"

namespace weir {

// Marks rows whose times cannot be right (they stay as sent), and returns how many; and all of a run that was received
// while the clock was held.
uint32_t judge_times(FlowBatch& batch, Run& run);
inline constexpr uint8_t kClockHeldQuality = 4;  // in time_quality

}  // namespace weir
