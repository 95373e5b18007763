// SPDX-License-Identifier: Apache-2.0
#include "store/flow_store.h"

#include <algorithm>

namespace weir {

FlowStore::FlowStore(const FlowStoreConfig& config, ReceiveClock& clock, Ledger& ledger, int64_t lost_before)
    : space_(config.data, config.min_free),
      segments_(Segments::open(config.data, *config.fields)),
      retention_(config.retention, segments_, clock),
      output_(config.output, segments_, retention_, space_, clock, ledger, lost_before),
      merger_(config.merge, segments_, space_, clock) {
  clock.start_from(segments_.yardstick_ns());
}

void FlowStore::start() {
  output_.start();
  merger_.start();
}

void FlowStore::stop() {
  merger_.request_stop();
  output_.stop();
  merger_.stop();
}

FlowStoreFigures FlowStore::figures() const {
  FlowStoreFigures figures;
  for (const Segment& segment : segments_.live()) {
    const bool flows = segment.table == Table::flows;
    LevelFigures& level =
        flows ? figures.levels[static_cast<size_t>(std::clamp(segment.level, 0, 2))] : figures.counters;
    ++level.segments;
    level.rows += segment.figures.rows;
    level.bytes += segment.figures.bytes;
    int64_t received = segment.figures.received.min_ns;
    figures.oldest_ns = figures.oldest_ns == 0 ? received : std::min(figures.oldest_ns, received);
  }
  figures.stored_rows = output_.stats().sent_records;
  figures.free_bytes = space_.free_bytes();
  figures.removed_rows = {retention_.removed_rows(Removal::keep), retention_.removed_rows(Removal::max_size)};
  figures.merge = merger_.figures();
  return figures;
}

}  // namespace weir
