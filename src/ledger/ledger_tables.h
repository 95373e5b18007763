// SPDX-License-Identifier: Apache-2.0
// The ledger's tables of catalog.db (docs/formats/catalog.md).
#pragma once

#include "catalog/table_owner.h"

namespace weir {

//   1  the first that is told apart; a stream's key holds its transport and connection, outputs are told apart
inline constexpr int64_t kLedgerTables = 1;

void prepare_ledger_tables(Database& database, int64_t found);

inline constexpr TableOwner kLedgerOwner{"ledger", kLedgerTables, prepare_ledger_tables};

}  // namespace weir
