// SPDX-License-Identifier: Apache-2.0
// Defines who owns which tables of catalog.db. Several parts of Weir keep their tables in this one file; each creates
// its own tables, migrates those of an older version, and is the only one that writes them. Table `owners` lists the
// owners whose tables exist, and their versions.
//
//   failure  DatabaseError if SQLite fails; SchemaError if the file belongs to another program or a newer version
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "catalog/database.h"

namespace weir {

// Version of the file as a whole (PRAGMA user_version).
//   1  the first
//   2  a row of `segments` may belong to another table than flows, named by `table_name`
//   3  tables have owners, each with its own version
inline constexpr int64_t kCatalogVersion = 3;
// Stored in the file's header (PRAGMA application_id): "WEIR".
inline constexpr int64_t kCatalogApplication = 0x57454952;

class SchemaError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct TableOwner {
  std::string_view name;  // as in table `owners`
  // Version of its tables in this program; raised when the meaning of existing data changes, not when a column or table
  // is added.
  int64_t version;
  // Creates the tables, or migrates them from version `found`, within the caller's transaction. 0: there are none, or
  // they belong to a file of version 1 or 2. Must also be called with the current version: columns may have been added.
  void (*prepare)(Database& database, int64_t found);
};

// Throws SchemaError unless the file is a catalog in which this program can read the owner's tables. An empty file is
// accepted if `may_be_empty`.
void check_catalog(Database& database, const TableOwner& owner, bool may_be_empty);

// Creates or migrates the owner's tables in one transaction. Call after check_catalog().
void prepare_tables(Database& database, const TableOwner& owner);

// The names of the columns; empty if there is no such table.
std::set<std::string> columns_of(Database& database, const std::string& table);

}  // namespace weir
