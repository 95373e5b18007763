// SPDX-License-Identifier: Apache-2.0
// The ledger's tables of catalog.db (docs/formats/catalog.md).
#pragma once

#include "catalog/table_owner.h"

namespace weir {

//   1  the first version that is distinguished; a stream's key includes its transport and connection, and each output
//      has its own counts
inline constexpr int64_t kLedgerTables = 1;

void prepare_ledger_tables(Database& database, int64_t found);

inline constexpr TableOwner kLedgerOwner{"ledger", kLedgerTables, prepare_ledger_tables};

}  // namespace weir
