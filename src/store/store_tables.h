// SPDX-License-Identifier: Apache-2.0
// The store's tables of catalog.db (docs/formats/catalog.md).
#pragma once

#include "catalog/table_owner.h"

namespace weir {

//   1  the first numbered version; segments have a tier, `stored_counts` is the only place of counts, `store` has the
//      values that were in `ledger`
inline constexpr int64_t kStoreTables = 1;

void prepare_store_tables(Database& database, int64_t found);

inline constexpr TableOwner kStoreOwner{"store", kStoreTables, prepare_store_tables};

}  // namespace weir
