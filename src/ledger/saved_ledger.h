// SPDX-License-Identifier: Apache-2.0
// Saves the ledger on disk: in its tables of <data>/catalog.db, SQLite in WAL mode (docs/formats/catalog.md).
//
//   in       snapshots of the ledger and of the sequence states, each second (of many exporters less often) and at stop
//   out      the same after a restart or a crash; the ledger for `weir exporters`, also while a collector runs
//   threads  one at a time; other processes may read at any time and never block the writer
//   memory   a fingerprint (8 bytes and the key) of each row last written
//   failure  open, load and read throw usage_error naming the file; save returns false and says why
//
// What data waits for is a momentary state, and saved with the rest: after a crash it shows what was lost with the
// process.
//
// One writer: the collector holds the lock of its data directory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/sequence_row.h"

namespace weir {

class SavedLedger {
 public:
  // Creates the file (mode 0640) or brings an older one up to date. Throws usage_error if it is damaged, not a
  // database, another program's, from a newer version, or cannot be written.
  static SavedLedger open(const std::string& path);
  SavedLedger(SavedLedger&&) noexcept;
  SavedLedger& operator=(SavedLedger&&) noexcept;
  ~SavedLedger();

  // Loads what the last save wrote. To be called once, before the first save.
  LedgerSnapshot load();
  std::vector<SequenceRow> load_sequences();

  // Counters and sequence states in one transaction, so that a crash keeps them consistent with each other; take both
  // snapshots at one moment. Only rows that changed since the last save are written. `sequences` must be complete: a
  // stream that is no longer in it is removed. On failure (disk full, busy) nothing of this save is on disk, `error`
  // says why, and the next save writes what this one could not.
  bool save(const LedgerSnapshot& rows, const std::vector<SequenceRow>& sequences, std::string& error);

  // Reads the ledger of any data directory, without writing: also for a user with read permission only, and while a
  // collector runs. The outputs are those of the last run. Throws usage_error.
  static LedgerSnapshot read(const std::string& path);

 private:
  struct Impl;
  explicit SavedLedger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
