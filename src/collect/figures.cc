// SPDX-License-Identifier: Apache-2.0
#include "collect/figures.h"

namespace weir {

static SinkFigures sink_figures(const Output& output) {
  OutputStats stats = output.stats();
  SinkFigures figures{output.name(),
                      static_cast<int64_t>(stats.sent_records),
                      static_cast<int64_t>(stats.queued_batches),
                      {},
                      {},
                      stats.is_failing,
                      stats.turned_at_ns};
  for (size_t i = 0; i < kOutputErrorCount; ++i) {
    figures.errors.emplace_back(kOutputErrorNames[i], static_cast<int64_t>(stats.errors[i]));
    figures.dropped.emplace_back(kOutputErrorNames[i], static_cast<int64_t>(stats.dropped_records[i]));
  }
  return figures;
}

std::vector<SinkFigures> all_sink_figures(const Outputs& outputs) {
  std::vector<SinkFigures> figures;
  outputs.for_each([&](const Output& output) { figures.push_back(sink_figures(output)); });
  return figures;
}

std::optional<StoreMetrics> store_metrics(const FlowStore* store) {
  if (!store) return {};
  FlowStoreFigures figures = store->figures();
  StoreMetrics metrics;
  for (const LevelFigures& level : figures.live.levels) {
    metrics.segments.push_back(static_cast<int64_t>(level.segments));
    metrics.rows += static_cast<int64_t>(level.rows);
    metrics.bytes += static_cast<int64_t>(level.bytes);
  }
  metrics.counter_rows = static_cast<int64_t>(figures.live.counters.rows);
  metrics.counter_bytes = static_cast<int64_t>(figures.live.counters.bytes);
  metrics.stored_rows = static_cast<int64_t>(figures.stored_rows);
  metrics.oldest_ns = figures.live.oldest_ns;
  metrics.free_bytes = static_cast<int64_t>(figures.free_bytes);
  metrics.unlisted_files = static_cast<int64_t>(figures.unlisted.files);
  metrics.unlisted_bytes = static_cast<int64_t>(figures.unlisted.bytes);
  for (size_t i = 0; i < kRemovalCount; ++i)
    metrics.removed_rows.emplace_back(kRemovalNames[i], static_cast<int64_t>(figures.removed_rows[i]));
  metrics.merged_segments = static_cast<int64_t>(figures.merge.merged_segments);
  metrics.merge_bounds = kMergeSecondsBounds;
  metrics.merges.assign(figures.merge.merges.begin(), figures.merge.merges.end());
  metrics.merge_seconds = figures.merge.seconds;
  return metrics;
}

}  // namespace weir
