// SPDX-License-Identifier: Apache-2.0
// The outputs of `weir collect`: the store, unless it is left out, then those of the configuration.
//
//   in       deliver() from any worker, never blocks
//   out      every record to every output; without any it is `filtered` in the ledger
//   failure  the constructor throws usage_error: the store or a file cannot be opened
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cmd/config.h"
#include "ledger/ledger.h"
#include "output/queued_output.h"
#include "run/receive_clock.h"
#include "run/stop_time.h"
#include "store/flow_store.h"

namespace weir {

class Outputs {
 public:
  // Adds what each output counts to the ledger. Before the ledger has any account.
  static void add_accounts(const CollectConfig& config, Ledger& ledger);

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

  const std::vector<Output*>& all() const { return all_; }
  FlowStore* store() const { return store_.get(); }
  // Records that the run before had decoded, and that were lost with it.
  int64_t lost_before() const { return lost_before_; }

 private:
  Ledger& ledger_;
  std::unique_ptr<FlowStore> store_;
  std::vector<std::unique_ptr<QueuedOutput>> others_;
  std::vector<Output*> all_;  // the store first
  int64_t lost_before_ = 0;
};

}  // namespace weir
