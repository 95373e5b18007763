// SPDX-License-Identifier: Apache-2.0
// Who owns which tables of catalog.db. Several parts of Weir keep theirs in the one file; each makes its own tables,
// brings those of an older version up to date, and is the only one that writes them. Table `owners` says whose tables
// are there, and in which version.
//
//   failure  DatabaseError where SQLite fails; SchemaError where the file is another program's or of a newer version
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "catalog/database.h"

namespace weir {

// Of the file as a whole (PRAGMA user_version).
//   1  the first
//   2  a row of `segments` may be of another table than flows: which one says `table_name`
//   3  tables have owners, each with a version of its own
inline constexpr int64_t kCatalogVersion = 3;
// Stored in the file's header (PRAGMA application_id): "WEIR".
inline constexpr int64_t kCatalogApplication = 0x57454952;

class SchemaError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct TableOwner {
  std::string_view name;  // as in table `owners`
  // Of its tables, as this program knows them; raised when the meaning of what is there changes, not for a column or
  // table that is added.
  int64_t version;
  // Makes the tables, or brings them from version `found` up to date, within a transaction of the caller's. 0: there
  // are none, or they are those of a file of version 1 or 2. To be called with the present version too: columns may
  // have been added.
  void (*prepare)(Database& database, int64_t found);
};

// Throws SchemaError unless the file is a catalog in which this program can read the owner's tables. An empty file
// passes where `may_be_empty`.
void check_catalog(Database& database, const TableOwner& owner, bool may_be_empty);

// Makes the owner's tables, or brings them up to date, in one transaction. After check_catalog().
void prepare_tables(Database& database, const TableOwner& owner);

// Empty where there is no such table.
std::set<std::string> columns_of(Database& database, const std::string& table);

}  // namespace weir
