// SPDX-License-Identifier: Apache-2.0
// Kept: what a collector keeps across restarts: the data directory, locked, and the ledger in it. If nothing is to be
// kept (collect.data off), the ledger is only in memory.
//
//   threads  the main thread; the ledger and the budget: any
//   failure  the constructor throws usage_error: the directory is in use, cannot be created or written to, or its
//            ledger cannot be read; runtime_failure: the disk is full
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/sender_budget.h"
#include "config/collect_config.h"
#include "ledger/saved_ledger.h"
#include "os/file.h"
#include "senders/streams.h"
#include "store/flow_store.h"

namespace weir {

// The data directory, and the lock that reserves it for this process.
class LockedDirectory {
 public:
  // Creates it if there is none, locks it, and frees some space in it if the disk is full (store/free_disk.h).
  explicit LockedDirectory(const CollectConfig& config);
  // Whether it was removed or replaced.
  bool has_left() const { return os::has_left(path_, id_); }

 private:
  std::string path_;
  os::File lock_;
  os::FileId id_;
};

class Kept {
 public:
  explicit Kept(const CollectConfig& config);

  // The start has succeeded: an orderly end now also removes the mark that an unclean end has left (os::RunningMark).
  void started();
  bool previous_was_unclean() const { return disk_ && disk_->running.previous_was_unclean(); }
  bool directory_has_left() const { return disk_ && disk_->directory.has_left(); }
  std::vector<SequenceRow> load_sequences();
  // Null: nothing is kept.
  SavedLedger* saved() { return disk_ ? &disk_->saved : nullptr; }

 private:
  struct Disk {
    explicit Disk(const CollectConfig& config);
    LockedDirectory directory;
    os::RunningMark running;
    SavedLedger saved;
  };
  std::optional<Disk> disk_;

 public:
  SenderBudget budget;
  Ledger ledger;
};

// The ledger as it is shown and saved: counts, and the templates that data waits for.
LedgerSnapshot ledger_snapshot(const Ledger& ledger, const TemplateStore& templates);

// Saves counts and sequence states to disk; a failure is logged once until saving works again.
class LedgerKeeper {
 public:
  // `saved`, `store`: null if there is none.
  LedgerKeeper(SavedLedger* saved, const Ledger& ledger, const TemplateStore& templates, Streams& streams,
               FlowStore* store)
      : saved_(saved), ledger_(ledger), templates_(templates), streams_(streams), store_(store) {}
  void save();
  // Saving tens of thousands of counts takes a while: it is due so seldom that it uses a thousandth of a CPU, but at
  // least every 30 s.
  void save_if_due();

 private:
  SavedLedger* const saved_;
  const Ledger& ledger_;
  const TemplateStore& templates_;
  Streams& streams_;
  FlowStore* const store_;
  bool failing_ = false;
  int64_t next_ns_ = 0;  // monotonic
};

}  // namespace weir
