// SPDX-License-Identifier: Apache-2.0
#include "store/flow_store.h"

namespace weir {

FlowStore::FlowStore(const FlowStoreConfig& config, ReceiveClock& clock, Ledger& ledger, OutputCounts& entry)
    : space_(config.data, config.min_free),
      segments_(Segments::open(config.data, *config.fields)),
      retention_(config.retention, segments_, clock),
      output_(config.output, segments_, retention_, space_, clock, ledger, entry),
      merger_(config.merge, segments_, space_, clock),
      unlisted_(config.data) {
  clock.start_from(segments_.yardstick_ns());
  for (const StoredCount& count : segments_.counts_of_before())
    ledger.raise_acknowledged(entry, count.entry, count.table == Table::counters, count.stored);
}

void FlowStore::start() {
  output_.start();
  merger_.start();
  unlisted_.start();
}

void FlowStore::stop() {
  unlisted_.request_stop();
  merger_.request_stop();
  output_.stop();
  merger_.stop();
  unlisted_.stop();
}

FlowStoreFigures FlowStore::figures() const {
  FlowStoreFigures figures;
  figures.live = segments_.live().figures();
  figures.stored_rows = output_.stats().sent_records;
  figures.free_bytes = space_.free_bytes();
  figures.removed_rows = {retention_.removed_rows(Removal::keep), retention_.removed_rows(Removal::max_size)};
  figures.merge = merger_.figures();
  figures.unlisted = unlisted_.last();
  return figures;
}

}  // namespace weir
