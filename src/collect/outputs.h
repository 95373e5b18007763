// SPDX-License-Identifier: Apache-2.0
// The outputs of `weir collect`: the store, unless it is left out, then those of the configuration, which may change
// while the collector runs.
//
//   in       deliver() from any worker, never blocks
//   out      every record to every output; without any it is `filtered` in the ledger. Of an output that was taken out
//            while the collector runs, records are dropped (not_configured) in the ledger from then on
//   threads  deliver(): any, but not during apply(); for_each(): any; the rest: the thread that owns it
//   failure  the constructor and prepare() throw usage_error: the store or a file cannot be opened
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

// An output beside the store.
struct FurtherOutput {
  OutputConfig config;
  OutputCounts* entry = nullptr;
  std::unique_ptr<QueuedOutput> output;
  bool is_started = false;
};

// From the outputs of now to those that are wanted: files are open, nothing has changed yet.
struct OutputChange {
  std::vector<FurtherOutput> added;
  std::vector<std::string> removed;  // names; one that is changed is removed and added
  LedgerSnapshot saved;              // what the ledger on disk has of those that are new
  std::string refused;               // why nothing can be changed; empty: it can
  bool any() const { return !added.empty() || !removed.empty(); }
};

class Outputs {
 public:
  // Adds what each output counts to the ledger. Before the ledger has any entry.
  static void add_entries(const CollectConfig& config, Ledger& ledger);

  // The ledger has been restored: the store tells it what it holds, and what a run before has left unsettled is then
  // settled.
  Outputs(const CollectConfig& config, const StopTime& stop_time, ReceiveClock& clock, Ledger& ledger);

  void deliver(const BatchRef& batch);
  void deliver(const CounterBatchRef& batch);
  void start();
  // Writes what is queued. Files first: the store may take long.
  void stop();
  void reopen();
  // The first one that nobody takes anything from any more; nullptr: none.
  const Output* broken() const;

  // What is to be done for the outputs of `config`. `catalog`: the file of the ledger on disk, empty: there is none.
  OutputChange prepare(const CollectConfig& config, const std::string& catalog);
  // Only while no batch is on its way here. An output that is removed writes what it has queued, in its own time; one
  // that writes to the same path waits for that.
  void apply(OutputChange change);
  // Soon after apply(), and now and then.
  void look();

  void for_each(const std::function<void(const Output&)>& see) const;
  FlowStore* store() const { return store_.get(); }
  // Records that the run before had decoded, and that were lost with it.
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
  void list_all();

  Ledger& ledger_;
  const StopTime& stop_time_;
  std::unique_ptr<FlowStore> store_;
  std::vector<FurtherOutput> further_;
  std::vector<OutputCounts*> removed_;  // while the collector runs
  std::string leader_;                  // without a store: whose counts are the ledger's (ledger/output_counts.h)
  mutable std::mutex mutex_;            // of all_ and what it points to, for for_each()
  std::vector<Output*> all_;            // the store first
  std::vector<std::unique_ptr<Leaving>> leaving_;
  int64_t lost_before_ = 0;
};

}  // namespace weir
