// SPDX-License-Identifier: Apache-2.0
// What outputs and the store of a running collector report, as the metrics page takes it.
#pragma once

#include <optional>
#include <vector>

#include "collect/outputs.h"
#include "store/flow_store.h"
#include "web/metrics.h"

namespace weir {

std::vector<SinkFigures> all_sink_figures(const Outputs& outputs);
// Nothing where flows are not stored (`store` is null).
std::optional<StoreMetrics> store_metrics(const FlowStore* store);

}  // namespace weir
