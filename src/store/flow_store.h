// SPDX-License-Identifier: Apache-2.0
// FlowStore: the embedded store as a whole: the list of segments, the output that writes them, merging and retention.
//
//   threads  two of its own; output().offer() and figures() from any thread
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
  std::string data;  // directory, whose lock the caller holds
  const FieldTable* fields = &FieldTable::plain();
  StoreOutputConfig output;
  RetentionConfig retention;
  MergeConfig merge;
  int64_t min_free = FreeSpace::kAuto;
};

struct FlowStoreFigures {
  LiveFigures live;
  uint64_t stored_rows = 0;  // flows since the start, including those removed since
  uint64_t free_bytes = 0;
  std::array<uint64_t, kRemovalCount> removed_rows{};
  MergeFigures merge;
  Unlisted unlisted;
};

class FlowStore {
 public:
  // Starts `clock` from the contents of the store, and reports to the ledger what a previous process has stored. Clock,
  // ledger and entry must outlive the store.
  FlowStore(const FlowStoreConfig& config, ReceiveClock& clock, Ledger& ledger, OutputCounts& entry);

  void start();
  void stop();
  StoreOutput& output() { return output_; }
  // Called when the ledger has been saved as it was at that time (monotonic) (Segments::ledger_saved).
  void ledger_saved(int64_t snapshot_ns) { segments_.ledger_saved(snapshot_ns); }
  // Sets how much is kept from now on; `min_free` as in the configuration. From one thread at a time.
  void set_bounds(const RetentionConfig& retention, int64_t min_free) {
    retention_.set(retention);
    space_.set_floor(min_free);
  }
  FlowStoreFigures figures() const;  // takes the same time however many segments there are

 private:
  FreeSpace space_;
  Segments segments_;
  Retention retention_;
  StoreOutput output_;
  Merger merger_;
  UnlistedLook unlisted_;
};

}  // namespace weir
