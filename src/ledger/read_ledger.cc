// SPDX-License-Identifier: Apache-2.0
#include "ledger/read_ledger.h"

#include <algorithm>
#include <optional>

#include "catalog/table_owner.h"
#include "ledger/ledger_columns.h"
#include "os/clock.h"

namespace weir {
namespace {

std::optional<Protocol> protocol_of(std::string_view name) {
  for (size_t i = 0; i < kProtocolCount; ++i)
    if (kProtocolNames[i] == name) return static_cast<Protocol>(i);
  return {};
}

std::optional<Transport> transport_of(std::string_view name) {
  for (size_t i = 0; i < kTransportCount; ++i)
    if (kTransportNames[i] == name) return static_cast<Transport>(i);
  return {};
}

IpAddress address_of(std::string_view text) {
  auto address = IpAddress::parse(text);
  if (!address) throw SchemaError("it holds an exporter that is no address: " + std::string(text));
  return *address;
}

// A catalog of an older version lacks the columns added since: they read as 0.
std::string select_entries(Database& database) {
  std::set<std::string> present = columns_of(database, "exporters");
  std::string sql = "SELECT exporter, protocol, domain";
  auto add = [&](std::string_view name) {
    sql += present.contains(std::string(name)) ? ", " + std::string(name) : ", 0";
  };
  for (const LedgerColumn& column : kEntryCounters) add(column.name);
  for (const LedgerColumn& column : kEntryStates) add(column.name);
  return sql + " FROM exporters";
}

void read_entries(Database& database, LedgerSnapshot& rows) {
  Statement statement = database.prepare(select_entries(database));
  while (statement.step()) {
    auto protocol = protocol_of(statement.text(1));
    if (!protocol) continue;  // of a later version
    LedgerRow row;
    row.key = {address_of(statement.text(0)), *protocol, static_cast<uint32_t>(statement.integer(2))};
    int at = 3;
    for (const LedgerColumn& column : kEntryCounters) row.*column.value = statement.integer(at++);
    for (const LedgerColumn& column : kEntryStates) row.*column.value = statement.integer(at++);
    rows.entries.push_back(row);
  }
  std::ranges::sort(rows.entries, {}, &LedgerRow::key);
}

// The index of the entry whose key is in the first three columns.
std::optional<size_t> find_entry(const LedgerSnapshot& rows, const Statement& statement) {
  auto protocol = protocol_of(statement.text(1));
  if (!protocol) return {};  // of a later version
  LedgerKey key{address_of(statement.text(0)), *protocol, static_cast<uint32_t>(statement.integer(2))};
  auto row = std::ranges::lower_bound(rows.entries, key, {}, &LedgerRow::key);
  if (row == rows.entries.end() || row->key != key) return {};
  return static_cast<size_t>(row - rows.entries.begin());
}

void set_reason(LedgerRow& row, std::string_view reason, int64_t count) {
  for (size_t i = 0; i < kMalformedCount; ++i)
    if (kMalformedNames[i] == reason) row.malformed_by_reason[i] = count;
  for (size_t i = 0; i < kRefusedCount; ++i)
    if (kRefusedNames[i] == reason) row.refused_by_reason[i] = count;
}

void read_reasons(Database& database, LedgerSnapshot& rows) {
  Statement statement = database.prepare("SELECT exporter, protocol, domain, reason, count FROM reasons");
  while (statement.step())
    if (auto row = find_entry(rows, statement)) set_reason(rows.entries[*row], statement.text(3), statement.integer(4));
}

void read_sockets(Database& database, LedgerSnapshot& rows) {
  const bool has_not_allowed = columns_of(database, "sockets").contains("not_allowed");  // older ones lack it
  Statement statement =
      database.prepare("SELECT listener, worker, receive_buffer_bytes, datagrams, bytes, kernel_drops, " +
                       std::string(has_not_allowed ? "not_allowed" : "0") +
                       " FROM sockets "
                       "ORDER BY listener, worker");
  while (statement.step())
    rows.sockets.push_back({std::string(statement.text(0)), static_cast<unsigned>(statement.integer(1)),
                            static_cast<int>(statement.integer(2)), statement.integer(3), statement.integer(4),
                            statement.integer(5), statement.integer(6)});
}

// Columns of a stream's key, as `session_at` reads them. A catalog of an older version has UDP only.
std::string session_columns(Database& database, const std::string& table) {
  const bool has_transport = columns_of(database, table).contains("transport");
  return "exporter, port, protocol, domain, " + std::string(has_transport ? "transport, connection" : "'udp', 0");
}

// The session in the first six columns; nothing if a later version wrote it.
std::optional<SessionKey> session_at(const Statement& row) {
  auto protocol = protocol_of(row.text(2));
  auto transport = transport_of(row.text(4));
  if (!protocol || !transport) return {};
  return SessionKey{address_of(row.text(0)),
                    static_cast<uint16_t>(row.integer(1)),
                    *protocol,
                    static_cast<uint32_t>(row.integer(3)),
                    *transport,
                    static_cast<uint32_t>(row.integer(5))};
}

// Those with the most sets first. An older catalog has no such table.
void read_waiting(Database& database, LedgerSnapshot& rows) {
  if (columns_of(database, "waiting").empty()) return;
  Statement statement = database.prepare("SELECT " + session_columns(database, "waiting") +
                                         ", template, sets, bytes, since_ns FROM waiting "
                                         "ORDER BY sets DESC, exporter, port, domain, template");
  while (statement.step())
    if (auto session = session_at(statement))
      rows.waiting.push_back({*session, static_cast<uint16_t>(statement.integer(6)), statement.integer(7),
                              statement.integer(8), statement.integer(9)});
  rows.waiting_templates = static_cast<int64_t>(rows.waiting.size());
}

void read_output_names(Database& database, LedgerSnapshot& rows) {
  Statement output = database.prepare("SELECT name, configured FROM outputs");
  while (output.step()) {
    OutputRows& of = rows.outputs.emplace_back(OutputRows{std::string(output.text(0)), {}, output.integer(1) != 0});
    of.counts.resize(rows.entries.size());
  }
}

void set_delivery(DeliveryCounts& counts, std::string_view reason, int64_t count) {
  for (size_t kind = 0; kind < kDeliveryCount; ++kind)
    if (delivery_name(kind) == reason) counts.of[kind] = count;
}

// Only after the entries. An older catalog has no such tables.
void read_deliveries(Database& database, LedgerSnapshot& rows) {
  if (columns_of(database, "deliveries").empty()) return;
  read_output_names(database, rows);
  Statement statement = database.prepare("SELECT exporter, protocol, domain, output, reason, count FROM deliveries");
  while (statement.step()) {
    auto row = find_entry(rows, statement);
    auto output = std::ranges::find(rows.outputs, statement.text(3), &OutputRows::name);
    if (row && output != rows.outputs.end())
      set_delivery(output->counts[*row], statement.text(4), statement.integer(5));
  }
}

}  // namespace

LedgerSnapshot read_ledger(Database& database) {
  Transaction snapshot(database);
  LedgerSnapshot rows;
  rows.at_ns = os::realtime_ns();
  rows.since_ns = database.integer("SELECT value FROM ledger WHERE name = 'since_ns'");
  read_entries(database, rows);
  read_reasons(database, rows);
  read_deliveries(database, rows);
  read_sockets(database, rows);
  read_waiting(database, rows);
  snapshot.commit();
  return rows;
}

std::vector<SequenceRow> read_sequences(Database& database) {
  std::vector<SequenceRow> rows;
  Statement statement = database.prepare("SELECT " + session_columns(database, "sequences") +
                                         ", next, uptime_ms, export_seconds FROM sequences");
  while (statement.step())
    if (auto session = session_at(statement))
      rows.push_back({*session, static_cast<uint32_t>(statement.integer(6)),
                      static_cast<uint32_t>(statement.integer(7)), static_cast<uint32_t>(statement.integer(8))});
  return rows;
}

}  // namespace weir
