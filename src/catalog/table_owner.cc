// SPDX-License-Identifier: Apache-2.0
#include "catalog/table_owner.h"

namespace weir {
namespace {

// 0: the owner has no version.
int64_t version_of(Database& database, const TableOwner& owner) {
  if (columns_of(database, "owners").empty()) return 0;  // a file of version 1 or 2
  Statement row = database.prepare("SELECT version FROM owners WHERE owner = ?");
  row.bind(1, owner.name);
  return row.step() ? row.integer(0) : 0;
}

SchemaError newer(const std::string& what, int64_t found, int64_t known) {
  return SchemaError(what + " by a newer weir (schema version " + std::to_string(found) + ", this weir knows " +
                     std::to_string(known) + "); use that weir, or name another directory with --data");
}

}  // namespace

void check_catalog(Database& database, const TableOwner& owner, bool may_be_empty) {
  int64_t version = database.integer("PRAGMA user_version");
  int64_t application = database.integer("PRAGMA application_id");
  bool empty = database.integer("SELECT count(*) FROM sqlite_schema") == 0;
  if (empty && application == 0 && version == 0) {
    if (!may_be_empty) throw SchemaError("it holds no ledger yet; start weir collect with this data directory first");
    return;
  }
  if (application != kCatalogApplication)
    throw SchemaError("it is the database of another program; move it away, or name another directory with --data");
  if (version > kCatalogVersion) throw newer("it was written", version, kCatalogVersion);
  const int64_t found = version_of(database, owner);
  if (found > owner.version)
    throw newer("its tables of the " + std::string(owner.name) + " were written", found, owner.version);
}

void prepare_tables(Database& database, const TableOwner& owner) {
  Transaction transaction(database, "BEGIN IMMEDIATE");
  database.execute(
      "CREATE TABLE IF NOT EXISTS owners (owner TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID");
  owner.prepare(database, version_of(database, owner));
  database.prepare("INSERT OR REPLACE INTO owners (owner, version) VALUES (?, ?)")
      .bind(1, owner.name)
      .bind(2, owner.version)
      .run();
  database.execute("PRAGMA application_id = " + std::to_string(kCatalogApplication));
  database.execute("PRAGMA user_version = " + std::to_string(kCatalogVersion));
  transaction.commit();
}

std::set<std::string> columns_of(Database& database, const std::string& table) {
  std::set<std::string> columns;
  Statement statement = database.prepare("SELECT name FROM pragma_table_info('" + table + "')");
  while (statement.step()) columns.emplace(statement.text(0));
  return columns;
}

}  // namespace weir
