// SPDX-License-Identifier: Apache-2.0
// The tables of catalog.db: made, brought up to date and recognised. Throws DatabaseError where SQLite fails,
// SchemaError where the file is another program's or a newer version's.
#pragma once

#include <set>
#include <string>

#include "ledger/database.h"

namespace weir {

// Raised whenever the meaning of what is there changes; not for a column or table that is added.
//   1  the first
//   2  a row of `segments` may be of another table than flows: which one says `table_name`
inline constexpr int64_t kCatalogVersion = 2;
// Stored in the file's header (PRAGMA application_id): "WEIR".
inline constexpr int64_t kCatalogApplication = 0x57454952;

class SchemaError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws SchemaError unless the file is a catalog of this version or an older one. An empty file passes where
// `may_be_empty`.
void check_catalog(Database& database, bool may_be_empty);
// Makes the tables, adds the columns that an older version did not know.
void create_or_migrate(Database& database);
std::set<std::string> columns_of(Database& database, const std::string& table);

}  // namespace weir
