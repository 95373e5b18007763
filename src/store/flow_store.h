// SPDX-License-Identifier: Apache-2.0
// FlowStore: the parts of the embedded store as one: the list of segments, the output that writes them, merging and
// retention.
//
//   threads  two of its own; output().offer() and figures() from any
//   failure  the constructor throws usage_error naming the file
#pragma once

#include <array>
#include <string>

#include "store/merger.h"
#include "store/retention.h"
#include "store/store_output.h"
#include "store/unlisted.h"

namespace weir {

struct FlowStoreConfig {
  std::string data;  // directory; its lock is held
  const FieldTable* fields = &FieldTable::plain();
  StoreOutputConfig output;
  RetentionConfig retention;
  MergeConfig merge;
  int64_t min_free = FreeSpace::kAuto;
};

struct FlowStoreFigures {
  LiveFigures live;
  uint64_t stored_rows = 0;  // flows since the start, also those removed since
  uint64_t free_bytes = 0;
  std::array<uint64_t, kRemovalCount> removed_rows{};
  MergeFigures merge;
  Unlisted unlisted;
};

class FlowStore {
 public:
  // Starts `clock` from what the store holds, and tells the ledger what a process before this one has stored. Clock,
  // ledger and entry outlive the store.
  FlowStore(const FlowStoreConfig& config, ReceiveClock& clock, Ledger& ledger, OutputCounts& entry);

  void start();
  void stop();
  StoreOutput& output() { return output_; }
  // The ledger as it was at that time (monotonic) is saved (Segments::ledger_saved).
  void ledger_saved(int64_t snapshot_ns) { segments_.ledger_saved(snapshot_ns); }
  // How much is kept, from now on; `min_free` as in the configuration. One thread at a time.
  void set_bounds(const RetentionConfig& retention, int64_t min_free) {
    retention_.set(retention);
    space_.set_floor(min_free);
  }
  FlowStoreFigures figures() const;  // in the same time, however many segments there are

 private:
  FreeSpace space_;
  Segments segments_;
  Retention retention_;
  StoreOutput output_;
  Merger merger_;
  UnlistedLook unlisted_;
};

}  // namespace weir
