// SPDX-License-Identifier: Apache-2.0
// Counts of the store in catalog.db (docs/formats/catalog.md): how many rows of each exporter it has stored, written in
// the transaction that lists the segment which holds them. Of few exporters into their rows of table `exporters`; of
// many as one row of table `stored_counts`, which is a hundred times faster, and which only counts until the ledger is
// saved with the same numbers, or a collector starts.
//
//   failure  DatabaseError; all of it belongs into a transaction of the caller's
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "ledger/database.h"
#include "ledger/ledger.h"

namespace weir {

struct CountOf {
  AccountKey account;
  int64_t count = 0;  // in all, not since the last
};

// Each exporter's `column` of table `exporters` becomes at least that count; those without a row get one.
void raise_counts(Database& database, std::string_view column, std::span<const CountOf> counts);
// Notes the same as one row; returns its id.
int64_t note_counts(Database& database, std::string_view column, std::span<const CountOf> counts);
// Raises what has been noted, and forgets the notes.
void raise_noted_counts(Database& database);

}  // namespace weir
