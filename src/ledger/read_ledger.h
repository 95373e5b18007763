// SPDX-License-Identifier: Apache-2.0
// The ledger out of its tables in catalog.db, of this version or of an older one: what that does not know reads as 0,
// what a later one has added is passed over.
//
//   failure  DatabaseError; SchemaError where the tables hold what cannot be
#pragma once

#include <vector>

#include "catalog/database.h"
#include "ledger/ledger.h"
#include "ledger/sequence_row.h"

namespace weir {

// All of one moment.
LedgerSnapshot read_ledger(Database& database);
std::vector<SequenceRow> read_sequences(Database& database);

}  // namespace weir
