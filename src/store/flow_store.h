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

namespace weir {

struct FlowStoreConfig {
  std::string data;  // directory; its lock is held
  const FieldTable* fields = &FieldTable::plain();
  StoreOutputConfig output;
  RetentionConfig retention;
  MergeConfig merge;
  int64_t min_free = FreeSpace::kAuto;
};

// Live segments, for example of one level.
struct LevelFigures {
  uint64_t segments = 0, rows = 0, bytes = 0;
};

struct FlowStoreFigures {
  std::array<LevelFigures, 3> levels;  // of flows
  LevelFigures counters;               // of all levels
  uint64_t stored_rows = 0;            // flows since the start, also those removed since
  int64_t oldest_ns = 0;               // time of receipt; 0: no rows
  uint64_t free_bytes = 0;
  std::array<uint64_t, kRemovalCount> removed_rows{};
  MergeFigures merge;
};

class FlowStore {
 public:
  // Starts `clock` from what the store holds. `lost_before`: what the run before had decoded and lost
  // (Ledger::settle_unfinished). Clock and ledger outlive the store.
  FlowStore(const FlowStoreConfig& config, ReceiveClock& clock, Ledger& ledger, int64_t lost_before);

  void start();
  void stop();
  StoreOutput& output() { return output_; }
  FlowStoreFigures figures() const;

 private:
  FreeSpace space_;
  Segments segments_;
  Retention retention_;
  StoreOutput output_;
  Merger merger_;
};

}  // namespace weir
