// SPDX-License-Identifier: Apache-2.0
// Converts the statistics of a running collector's outputs and store for the metrics page.
#pragma once

#include <optional>
#include <vector>

#include "collect/outputs.h"
#include "store/flow_store.h"
#include "web/metrics.h"

namespace weir {

std::vector<SinkFigures> all_sink_figures(const Outputs& outputs);
// Empty if flows are not stored (`store` is null).
std::optional<StoreMetrics> store_metrics(const FlowStore* store);

}  // namespace weir
