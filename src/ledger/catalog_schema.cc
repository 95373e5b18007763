// SPDX-License-Identifier: Apache-2.0
#include "ledger/catalog_schema.h"

#include "ledger/account_columns.h"
#include "ledger/stored_counts.h"

namespace weir {

static constexpr const char* kTables = R"(
CREATE TABLE IF NOT EXISTS ledger (
  name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS exporters (
  exporter TEXT NOT NULL, protocol TEXT NOT NULL, domain INTEGER NOT NULL,
  PRIMARY KEY (exporter, protocol, domain)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reasons (
  exporter TEXT NOT NULL, protocol TEXT NOT NULL, domain INTEGER NOT NULL, reason TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (exporter, protocol, domain, reason)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sockets (
  listener TEXT NOT NULL, worker INTEGER NOT NULL,
  receive_buffer_bytes INTEGER NOT NULL, datagrams INTEGER NOT NULL, bytes INTEGER NOT NULL,
  kernel_drops INTEGER NOT NULL,
  PRIMARY KEY (listener, worker)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sequences (
  exporter TEXT NOT NULL, port INTEGER NOT NULL, protocol TEXT NOT NULL, domain INTEGER NOT NULL,
  next INTEGER NOT NULL, uptime_ms INTEGER NOT NULL, export_seconds INTEGER NOT NULL,
  PRIMARY KEY (exporter, port, protocol, domain)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS waiting (
  exporter TEXT NOT NULL, port INTEGER NOT NULL, protocol TEXT NOT NULL, domain INTEGER NOT NULL,
  template INTEGER NOT NULL, sets INTEGER NOT NULL, bytes INTEGER NOT NULL, since_ns INTEGER NOT NULL,
  PRIMARY KEY (exporter, port, protocol, domain, template)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS segments (
  id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE,
  level INTEGER NOT NULL, hour INTEGER NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
  received_min INTEGER NOT NULL, received_max INTEGER NOT NULL,
  start_min INTEGER NOT NULL, start_max INTEGER NOT NULL,
  end_min INTEGER NOT NULL, end_max INTEGER NOT NULL,
  table_name TEXT NOT NULL DEFAULT 'flows', yardstick INTEGER);
CREATE TABLE IF NOT EXISTS stored_counts (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, counts BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS extra_fields (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, type TEXT NOT NULL, element TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS retired (
  path TEXT PRIMARY KEY) WITHOUT ROWID;
)";

void check_catalog(Database& database, bool may_be_empty) {
  int64_t version = database.integer("PRAGMA user_version");
  int64_t application = database.integer("PRAGMA application_id");
  bool empty = database.integer("SELECT count(*) FROM sqlite_schema") == 0;
  if (empty && application == 0 && version == 0) {
    if (!may_be_empty) throw SchemaError("it holds no ledger yet; start weir collect with this data directory first");
    return;
  }
  if (application != kCatalogApplication)
    throw SchemaError("it is the database of another program; move it away, or name another directory with --data");
  if (version > kCatalogVersion)
    throw SchemaError("it was written by a newer weir (schema version " + std::to_string(version) +
                      ", this weir knows " + std::to_string(kCatalogVersion) +
                      "); use that weir, or name another directory with --data");
}

std::set<std::string> columns_of(Database& database, const std::string& table) {
  std::set<std::string> columns;
  Statement statement = database.prepare("SELECT name FROM pragma_table_info('" + table + "')");
  while (statement.step()) columns.emplace(statement.text(0));
  return columns;
}

static void add_missing_columns(Database& database) {
  std::set<std::string> present = columns_of(database, "exporters");
  auto add = [&](std::string_view name) {
    if (present.contains(std::string(name))) return;
    database.execute("ALTER TABLE exporters ADD COLUMN " + std::string(name) + " INTEGER NOT NULL DEFAULT 0");
  };
  for (const AccountColumn& column : kAccountCounters) add(column.name);
  for (const AccountColumn& column : kAccountStates) add(column.name);
  const std::set<std::string> of_segments = columns_of(database, "segments");
  if (!of_segments.contains("table_name"))
    database.execute("ALTER TABLE segments ADD COLUMN table_name TEXT NOT NULL DEFAULT 'flows'");
  if (!of_segments.contains("yardstick")) database.execute("ALTER TABLE segments ADD COLUMN yardstick INTEGER");
}

void create_or_migrate(Database& database) {
  Transaction transaction(database, "BEGIN IMMEDIATE");
  database.execute(kTables);
  add_missing_columns(database);
  raise_noted_counts(database);
  database.execute("PRAGMA application_id = " + std::to_string(kCatalogApplication));
  database.execute("PRAGMA user_version = " + std::to_string(kCatalogVersion));
  transaction.commit();
}

}  // namespace weir
