// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger_tables.h"

#include "ledger/ledger_columns.h"

namespace weir {
namespace {

constexpr const char* kTables = R"(
CREATE TABLE IF NOT EXISTS ledger (
  name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS exporters (
  exporter TEXT NOT NULL, protocol TEXT NOT NULL, domain INTEGER NOT NULL,
  PRIMARY KEY (exporter, protocol, domain)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reasons (
  exporter TEXT NOT NULL, protocol TEXT NOT NULL, domain INTEGER NOT NULL, reason TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (exporter, protocol, domain, reason)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outputs (
  name TEXT PRIMARY KEY, configured INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
  exporter TEXT NOT NULL, protocol TEXT NOT NULL, domain INTEGER NOT NULL, output TEXT NOT NULL,
  reason TEXT NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (exporter, protocol, domain, output, reason)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sockets (
  listener TEXT NOT NULL, worker INTEGER NOT NULL,
  receive_buffer_bytes INTEGER NOT NULL, datagrams INTEGER NOT NULL, bytes INTEGER NOT NULL,
  kernel_drops INTEGER NOT NULL, not_allowed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (listener, worker)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sequences (
  exporter TEXT NOT NULL, transport TEXT NOT NULL, port INTEGER NOT NULL, connection INTEGER NOT NULL,
  protocol TEXT NOT NULL, domain INTEGER NOT NULL,
  next INTEGER NOT NULL, uptime_ms INTEGER NOT NULL, export_seconds INTEGER NOT NULL,
  PRIMARY KEY (exporter, transport, port, connection, protocol, domain)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS waiting (
  exporter TEXT NOT NULL, transport TEXT NOT NULL, port INTEGER NOT NULL, connection INTEGER NOT NULL,
  protocol TEXT NOT NULL, domain INTEGER NOT NULL,
  template INTEGER NOT NULL, sets INTEGER NOT NULL, bytes INTEGER NOT NULL, since_ns INTEGER NOT NULL,
  PRIMARY KEY (exporter, transport, port, connection, protocol, domain, template)) WITHOUT ROWID;
)";

// Everything was received by UDP.
constexpr const char* kStreamsOfVersion2 = R"(
INSERT INTO sequences SELECT exporter, 'udp', port, 0, protocol, domain, next, uptime_ms, export_seconds
  FROM sequences_2;
INSERT INTO waiting SELECT exporter, 'udp', port, 0, protocol, domain, template, sets, bytes, since_ns FROM waiting_2;
DROP TABLE sequences_2;
DROP TABLE waiting_2;
)";

// What `stored` and the like were counts of: the store, if there ever was one, else the only output there could be.
constexpr const char* kOutputOfVersion2 =
    "(SELECT CASE count(*) WHEN 0 THEN 'file' ELSE 'store' END FROM ledger WHERE name = 'store_runs')";

void add_missing_columns(Database& database) {
  std::set<std::string> present = columns_of(database, "exporters");
  auto add = [&](std::string_view name) {
    if (present.contains(std::string(name))) return;
    database.execute("ALTER TABLE exporters ADD COLUMN " + std::string(name) + " INTEGER NOT NULL DEFAULT 0");
  };
  for (const LedgerColumn& column : kEntryCounters) add(column.name);
  for (const LedgerColumn& column : kEntryStates) add(column.name);
  if (!columns_of(database, "sockets").contains("not_allowed"))
    database.execute("ALTER TABLE sockets ADD COLUMN not_allowed INTEGER NOT NULL DEFAULT 0");
}

// Tables whose keys have changed. Version 1 of the file did not have all of them.
void set_aside_tables_of_version_2(Database& database) {
  for (const std::string table : {"sequences", "waiting"}) {
    if (!columns_of(database, table).empty())
      database.execute("ALTER TABLE " + table + " RENAME TO " + table + "_2");
    else if (table == "waiting")
      database.execute("CREATE TABLE waiting_2 (exporter, port, protocol, domain, template, sets, bytes, since_ns)");
  }
}

void take_over_deliveries_of_version_2(Database& database) {
  const std::string output = kOutputOfVersion2;
  auto take_over = [&](const std::string& column, std::string_view reason) {
    database.execute("INSERT INTO deliveries SELECT exporter, protocol, domain, " + output + ", '" +
                     std::string(reason) + "', " + column + " FROM exporters WHERE " + column + " <> 0");
  };
  take_over("stored", "acknowledged");
  take_over("sink_dropped", name_of(OutputError::unknown));
  take_over("counters_stored", "counters_acknowledged");
  take_over("counters_filtered", "counters_filtered");
  take_over("counters_dropped", "counters_dropped");
  database.execute("INSERT INTO outputs (name, configured) VALUES (" + output + ", 1)");
}

}  // namespace

void prepare_ledger_tables(Database& database, int64_t found) {
  const bool is_of_version_2 = found == 0 && !columns_of(database, "sequences").empty();
  if (is_of_version_2) set_aside_tables_of_version_2(database);
  database.execute(kTables);
  add_missing_columns(database);
  if (!is_of_version_2) return;
  database.execute(kStreamsOfVersion2);
  take_over_deliveries_of_version_2(database);
}

}  // namespace weir
