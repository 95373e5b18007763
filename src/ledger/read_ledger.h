// SPDX-License-Identifier: Apache-2.0
// Reads the ledger from its tables in catalog.db, of this version or of an older one: what an older one lacks reads as
// 0, what a later one has added is ignored.
//
//   failure  DatabaseError; SchemaError if the tables contain impossible values
#pragma once

#include <vector>

#include "catalog/database.h"
#include "ledger/ledger.h"
#include "ledger/sequence_row.h"

namespace weir {

// A snapshot of one moment.
LedgerSnapshot read_ledger(Database& database);
std::vector<SequenceRow> read_sequences(Database& database);

}  // namespace weir
