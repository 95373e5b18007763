// SPDX-License-Identifier: Apache-2.0
// The table `stored_counts` of catalog.db (docs/formats/catalog.md): how many rows of each exporter the store has,
// noted in the transaction that lists the segment with these rows. A note is valid until the ledger is saved with the
// same numbers; if a process was killed before that, the next one adds them to its ledger.
//
//   failure  DatabaseError; writing must be done within the caller's transaction
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "catalog/database.h"
#include "ledger/ledger.h"
#include "store/table.h"

namespace weir {

// The count of rows of a ledger entry that the store has acknowledged, once a segment is listed.
struct StoredCount {
  LedgerKey entry;
  int64_t stored = 0;  // in total, not since the last note
  Table table = Table::flows;
};

// Returns the ids of the notes: one for each table that has counts.
std::vector<int64_t> note_counts(Database& database, std::span<const StoredCount> counts);
// All notes: each entry and table at least once, including its highest count. A catalog of an older version may have no
// such table.
std::vector<StoredCount> read_noted_counts(Database& database);
std::vector<int64_t> read_note_ids(Database& database);
void forget_note(Database& database, int64_t id);

}  // namespace weir
