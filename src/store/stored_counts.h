// SPDX-License-Identifier: Apache-2.0
// Table `stored_counts` of catalog.db (docs/formats/catalog.md): how many rows of each exporter the store has, noted in
// the transaction that lists the segment which holds them. A note counts until the ledger is saved with the same
// numbers; where a process was killed before, the next one takes them into its ledger.
//
//   failure  DatabaseError; writing belongs into a transaction of the caller's
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "catalog/database.h"
#include "ledger/ledger.h"
#include "store/table.h"

namespace weir {

// What the store has acknowledged of an entry, once a segment is listed.
struct StoredCount {
  LedgerKey entry;
  int64_t stored = 0;  // in all, not since the last
  Table table = Table::flows;
};

// Returns the ids of the notes: one for each table that has counts.
std::vector<int64_t> note_counts(Database& database, std::span<const StoredCount> counts);
// All that is noted: of an entry and table at least once, the highest counts. A catalog of an older version may have
// no such table.
std::vector<StoredCount> read_noted_counts(Database& database);
std::vector<int64_t> read_note_ids(Database& database);
void forget_note(Database& database, int64_t id);

}  // namespace weir
