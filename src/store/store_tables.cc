// SPDX-License-Identifier: Apache-2.0
#include "store/store_tables.h"

namespace weir {

static constexpr const char* kTables = R"(
CREATE TABLE IF NOT EXISTS store (
  name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS segments (
  id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE,
  level INTEGER NOT NULL, hour INTEGER NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
  received_min INTEGER NOT NULL, received_max INTEGER NOT NULL,
  start_min INTEGER NOT NULL, start_max INTEGER NOT NULL,
  end_min INTEGER NOT NULL, end_max INTEGER NOT NULL,
  table_name TEXT NOT NULL DEFAULT 'flows', yardstick INTEGER, tier TEXT NOT NULL DEFAULT 'hot');
CREATE TABLE IF NOT EXISTS stored_counts (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, counts BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS extra_fields (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, type TEXT NOT NULL, element TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS retired (
  path TEXT PRIMARY KEY) WITHOUT ROWID;
)";

void prepare_store_tables(Database& database, int64_t found) {
  database.execute(kTables);
  if (found > 0) return;
  const std::set<std::string> columns = columns_of(database, "segments");
  auto add = [&](const std::string& name, const std::string& type) {
    if (!columns.contains(name)) database.execute("ALTER TABLE segments ADD COLUMN " + name + " " + type);
  };
  add("table_name", "TEXT NOT NULL DEFAULT 'flows'");
  add("yardstick", "INTEGER");
  add("tier", "TEXT NOT NULL DEFAULT 'hot'");
  // The number of times the store was opened used to be among the ledger's values.
  if (!columns_of(database, "ledger").empty())
    database.execute("INSERT OR IGNORE INTO store SELECT 'runs', value FROM ledger WHERE name = 'store_runs'");
}

}  // namespace weir
