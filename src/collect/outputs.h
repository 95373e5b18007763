// SPDX-License-Identifier: Apache-2.0
// Outputs: manages the outputs of `weir collect`: the store, unless it is disabled, then those of the configuration,
// which may change while the collector runs.
//
//   in       deliver() from any worker, never blocks
//   out      every record to every output; without any output the ledger counts it as `filtered`. After an output is
//            removed while the collector runs, the ledger counts its records as dropped (not_configured)
//   threads  deliver(): any, but not during apply(); for_each(): any; the rest: the thread that owns it
//   failure  the constructor and prepare() throw usage_error: the store, a file or the ledger on disk cannot be opened
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/collect_config.h"
#include "ledger/ledger.h"
#include "output/queued_output.h"
#include "run/receive_clock.h"
#include "run/stop_time.h"
#include "run/worker.h"
#include "store/flow_store.h"

namespace weir {

// An output in addition to the store.
struct FurtherOutput {
  OutputConfig config;
  OutputCounts* entry = nullptr;
  std::unique_ptr<QueuedOutput> output;
  bool is_started = false;
};

// The difference between the present outputs and the wanted ones: new files are open, nothing has changed yet.
struct OutputChange {
  std::vector<FurtherOutput> added;
  std::vector<std::string> removed;  // names; an output that changed is removed and added
  LedgerSnapshot saved;              // the new outputs' counts in the ledger on disk
  std::string refused;               // why nothing can be changed; empty: it can
  bool any() const { return !added.empty() || !removed.empty(); }
};

class Outputs {
 public:
  // Adds each output's counters to the ledger. Must be called before the ledger has any entry.
  static void add_entries(const CollectConfig& config, Ledger& ledger);

  // The ledger must have been restored: the store tells it how many records its segments contain, and what the previous
  // run then leaves unaccounted for is counted as dropped (Ledger::settle_unfinished).
  Outputs(const CollectConfig& config, const StopTime& stop_time, ReceiveClock& clock, Ledger& ledger);

  void deliver(const BatchRef& batch);
  void deliver(const CounterBatchRef& batch);
  void start();
  // Writes what is queued. Files first: the store may take long.
  void stop();
  void reopen();
  // The first output whose reader is gone for good; nullptr: none.
  const Output* broken() const;

  // What must change to get the outputs of `config`. `catalog`: the file of the ledger on disk, empty: there is none.
  OutputChange prepare(const CollectConfig& config, const std::string& catalog);
  // Only while no batch is being delivered. A removed output writes what it has queued, in its own time; a new one that
  // writes to the same path waits for that.
  void apply(OutputChange change);
  // Starts new outputs whose path is free, and destroys removed ones that have ended. Call it soon after apply(), and
  // regularly.
  void look();

  void for_each(const std::function<void(const Output&)>& see) const;
  FlowStore* store() const { return store_.get(); }
  // Records that the previous run had decoded and that were lost when it ended.
  int64_t lost_before() const { return lost_before_; }

 private:
  // An output that was removed, and the thread that stops it.
  struct Leaving {
    std::string path;
    std::unique_ptr<QueuedOutput> output;
    std::atomic<bool> is_over{false};
    std::unique_ptr<Worker> stopper;
  };
  FurtherOutput open(const OutputConfig& output, const CollectConfig& config, OutputCounts& entry) const;
  void remove(const std::string& name);
  std::string leader_problem(const std::vector<OutputConfig>& wanted) const;
  void list_all();

  Ledger& ledger_;
  const StopTime& stop_time_;
  std::unique_ptr<FlowStore> store_;
  std::vector<FurtherOutput> further_;
  std::vector<OutputCounts*> removed_;  // of outputs removed since the start, and not added again
  std::string leader_;                  // without a store: the output whose counts are also the ledger's own
  mutable std::mutex mutex_;            // protects all_ and what it points to, for for_each()
  std::vector<Output*> all_;            // the store first
  std::vector<std::unique_ptr<Leaving>> leaving_;
  int64_t lost_before_ = 0;
};

}  // namespace weir
