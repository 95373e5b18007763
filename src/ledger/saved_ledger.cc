// SPDX-License-Identifier: Apache-2.0
#include "ledger/saved_ledger.h"

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "catalog/catalog_file.h"
#include "ledger/ledger_columns.h"
#include "ledger/ledger_tables.h"
#include "ledger/read_ledger.h"
#include "os/clock.h"
#include "os/file.h"

namespace weir {
namespace {

const SessionKey& key_of(const SequenceRow& row) { return row.session; }

using WaitingKey = std::pair<SessionKey, uint16_t>;
WaitingKey key_of(const WaitingRow& row) { return {row.session, row.template_id}; }

// What one output has done with the records of one exporter.
struct DeliveryRow {
  LedgerKey entry;
  std::string output;
  DeliveryCounts counts;
  int64_t first_seen_ns = 0;  // of the exporter
};
using DeliveryKey = std::pair<LedgerKey, std::string>;
DeliveryKey key_of(const DeliveryRow& row) { return {row.entry, row.output}; }

using Fingerprint = size_t;

Fingerprint fingerprint(const LedgerRow& row) {
  Fingerprint print = absl::HashOf(row.malformed_by_reason, row.refused_by_reason);
  for (const LedgerColumn& column : kEntryCounters) print = absl::HashOf(print, row.*column.value);
  for (const LedgerColumn& column : kEntryStates) print = absl::HashOf(print, row.*column.value);
  return print;
}
Fingerprint fingerprint(const SocketRow& row) {
  return absl::HashOf(row.receive_buffer_bytes, row.datagrams, row.bytes, row.kernel_drops, row.not_allowed);
}
Fingerprint fingerprint(const SequenceRow& row) { return absl::HashOf(row.next, row.uptime_ms, row.export_seconds); }
Fingerprint fingerprint(const WaitingRow& row) { return absl::HashOf(row.sets, row.bytes, row.since_ns); }
Fingerprint fingerprint(const DeliveryRow& row) { return absl::HashOf(row.counts.of, row.first_seen_ns); }

using SocketKey = std::pair<std::string, unsigned>;
SocketKey key_of(const SocketRow& row) { return {row.listener, row.worker}; }
LedgerKey key_of(const LedgerRow& row) { return row.key; }

// "INSERT INTO table (a, b, c) .. ": an upsert that writes `values` for the row named by `keys`, and leaves columns
// that a later version may have added alone.
std::string upsert(const std::string& table, const std::vector<std::string>& keys,
                   const std::vector<std::string>& values) {
  std::string names, marks, key_names, updates;
  auto append = [](std::string& list, const std::string& item) { list += (list.empty() ? "" : ", ") + item; };
  for (const auto& key : keys) append(names, key), append(marks, "?"), append(key_names, key);
  for (const auto& value : values)
    append(names, value), append(marks, "?"), append(updates, value + " = excluded." + value);
  return "INSERT INTO " + table + " (" + names + ") VALUES (" + marks + ") ON CONFLICT (" + key_names +
         ") DO UPDATE SET " + updates;
}

std::vector<std::string> account_columns() {
  std::vector<std::string> names;
  for (const LedgerColumn& column : kEntryCounters) names.emplace_back(column.name);
  for (const LedgerColumn& column : kEntryStates) names.emplace_back(column.name);
  return names;
}

// ---- What is on disk already

// Rows with one key may not continue the same count: an exporter whose row was evicted and created again
// (ledger_eviction.cc) has been seen first at another time.
template <class Row>
int64_t began(const Row&) {
  return 0;
}
template <>
int64_t began(const LedgerRow& row) {
  return row.key == LedgerKey{} ? 0 : row.first_seen_ns;  // "other" stays
}
template <>
int64_t began(const DeliveryRow& row) {
  return row.entry == LedgerKey{} ? 0 : row.first_seen_ns;
}

template <class Row, class Key>
class Saved {
 public:
  // The rows of `now` that differ from what is on disk.
  std::vector<std::pair<const Row*, Fingerprint>> changed(const std::vector<Row>& now) const {
    std::vector<std::pair<const Row*, Fingerprint>> rows;
    for (const Row& row : now) {
      Fingerprint print = fingerprint(row);
      auto found = prints_.find(key_of(row));
      if (found == prints_.end() || found->second.print != print) rows.emplace_back(&row, print);
    }
    return rows;
  }
  void remember(const Row& row, Fingerprint print) { prints_[key_of(row)] = {print, began(row)}; }
  void remember(const std::vector<Row>& rows) {
    for (const Row& row : rows) remember(row, fingerprint(row));
  }
  // The keys on disk that `now` lacks, or whose rows were created again.
  std::vector<Key> gone(const std::vector<Row>& now) const {
    absl::flat_hash_set<Key> kept;
    for (const Row& row : now) {
      auto found = prints_.find(key_of(row));
      if (found == prints_.end()) continue;
      const int64_t before = found->second.began;
      if (before == 0 || before == began(row)) kept.insert(key_of(row));
    }
    std::vector<Key> keys;
    if (kept.size() == prints_.size()) return keys;
    for (const auto& [key, on_disk] : prints_)
      if (!kept.contains(key)) keys.push_back(key);
    return keys;
  }
  void forget(const Key& key) { prints_.erase(key); }
  void forget_if(auto is_meant) {
    absl::erase_if(prints_, [&](const auto& entry) { return is_meant(entry.first); });
  }

 private:
  struct OnDisk {
    Fingerprint print;
    int64_t began;
  };
  absl::flat_hash_map<Key, OnDisk> prints_;
};

}  // namespace

// ---- Writing

struct SavedLedger::Impl {
  explicit Impl(const std::string& file_path) : path(file_path), database(file_path, Database::Mode::create) {}

  void open();
  void prepare();
  void save(const LedgerSnapshot& rows, const std::vector<SequenceRow>& sequences);
  void write(const LedgerRow& row);
  void write_reasons(const LedgerRow& row);
  void write(const SocketRow& row);
  void write(const SequenceRow& row);
  void write(const WaitingRow& row);
  void write(const DeliveryRow& row);
  void write_outputs(const std::vector<OutputRows>& configured);
  void remove(const LedgerKey& key);
  void remove(const DeliveryKey& key);
  void remove(const SessionKey& key);
  void remove(const WaitingKey& key);

  std::string path;
  Database database;
  std::optional<Statement> put_since, put_entry, put_reason, put_socket, put_sequence, remove_sequence, put_waiting,
      remove_waiting, remove_entry, remove_reasons, remove_deliveries, put_delivery, remove_delivery, put_output;
  Saved<LedgerRow, LedgerKey> entries;
  Saved<DeliveryRow, DeliveryKey> deliveries;
  std::optional<std::vector<std::pair<std::string, bool>>> outputs;  // as on disk; none: not known yet
  Saved<SocketRow, SocketKey> sockets;
  Saved<SequenceRow, SessionKey> sequences;
  Saved<WaitingRow, WaitingKey> waiting;
};

void SavedLedger::Impl::open() {
  if (database.is_read_only())
    throw SchemaError("it cannot be written to by this user; change its owner, or name another directory with --data");
  check_catalog(database, kLedgerOwner, true);
  Statement check = database.prepare("PRAGMA quick_check(1)");
  if (check.step() && check.text(0) != "ok")
    throw SchemaError("it is damaged (" + std::string(check.text(0)) +
                      "); move it away to begin a new ledger, or name another directory with --data");
}

void SavedLedger::Impl::prepare() {
  database.execute("PRAGMA journal_mode = WAL");
  database.execute("PRAGMA synchronous = NORMAL");  // a power failure may lose the last seconds, never consistency
  database.execute("PRAGMA journal_size_limit = 4194304");
  prepare_tables(database, kLedgerOwner);
  put_since = database.prepare(upsert("ledger", {"name"}, {"value"}));
  put_entry = database.prepare(upsert("exporters", {"exporter", "protocol", "domain"}, account_columns()));
  put_reason = database.prepare(upsert("reasons", {"exporter", "protocol", "domain", "reason"}, {"count"}));
  const std::string of_entry = " WHERE exporter = ? AND protocol = ? AND domain = ?";
  remove_entry = database.prepare("DELETE FROM exporters" + of_entry);
  remove_reasons = database.prepare("DELETE FROM reasons" + of_entry);
  remove_deliveries = database.prepare("DELETE FROM deliveries" + of_entry);  // also of outputs that no longer exist
  put_socket = database.prepare(upsert("sockets", {"listener", "worker"},
                                       {"receive_buffer_bytes", "datagrams", "bytes", "kernel_drops", "not_allowed"}));
  const std::vector<std::string> session = {"exporter", "port", "protocol", "domain", "transport", "connection"};
  std::vector<std::string> waiting_key = session;
  waiting_key.emplace_back("template");
  put_sequence = database.prepare(upsert("sequences", session, {"next", "uptime_ms", "export_seconds"}));
  const std::string of_session =
      " WHERE exporter = ? AND port = ? AND protocol = ? AND domain = ? AND transport = ? AND connection = ?";
  remove_sequence = database.prepare("DELETE FROM sequences" + of_session);
  put_waiting = database.prepare(upsert("waiting", waiting_key, {"sets", "bytes", "since_ns"}));
  remove_waiting = database.prepare("DELETE FROM waiting" + of_session + " AND template = ?");
  put_output = database.prepare(upsert("outputs", {"name"}, {"configured"}));
  put_delivery =
      database.prepare(upsert("deliveries", {"exporter", "protocol", "domain", "output", "reason"}, {"count"}));
  remove_delivery = database.prepare("DELETE FROM deliveries" + of_entry + " AND output = ?");
}

void SavedLedger::Impl::write(const LedgerRow& row) {
  put_entry->bind(1, row.key.exporter.to_string()).bind(2, protocol_name(row.key.protocol)).bind(3, row.key.domain);
  int at = 4;
  for (const LedgerColumn& column : kEntryCounters) put_entry->bind(at++, row.*column.value);
  for (const LedgerColumn& column : kEntryStates) put_entry->bind(at++, row.*column.value);
  put_entry->run();
  write_reasons(row);
}

void SavedLedger::Impl::write_reasons(const LedgerRow& row) {
  auto put = [&](std::string_view reason, int64_t count) {
    if (count == 0) return;
    put_reason->bind(1, row.key.exporter.to_string()).bind(2, protocol_name(row.key.protocol)).bind(3, row.key.domain);
    put_reason->bind(4, reason).bind(5, count).run();
  };
  for (size_t i = 0; i < kMalformedCount; ++i) put(kMalformedNames[i], row.malformed_by_reason[i]);
  for (size_t i = 0; i < kRefusedCount; ++i) put(kRefusedNames[i], row.refused_by_reason[i]);
}

void SavedLedger::Impl::write(const SocketRow& row) {
  put_socket->bind(1, row.listener).bind(2, row.worker).bind(3, row.receive_buffer_bytes);
  put_socket->bind(4, row.datagrams).bind(5, row.bytes).bind(6, row.kernel_drops).bind(7, row.not_allowed).run();
}

// The first six parameters of a statement.
static Statement& bind(Statement& statement, const SessionKey& session) {
  statement.bind(1, session.exporter.to_string()).bind(2, session.port).bind(3, protocol_name(session.protocol));
  return statement.bind(4, session.domain).bind(5, transport_name(session.transport)).bind(6, session.connection);
}

void SavedLedger::Impl::write(const SequenceRow& row) {
  bind(*put_sequence, row.session).bind(7, row.next).bind(8, row.uptime_ms).bind(9, row.export_seconds).run();
}

void SavedLedger::Impl::write(const WaitingRow& row) {
  bind(*put_waiting, row.session).bind(7, row.template_id).bind(8, row.sets).bind(9, row.bytes);
  put_waiting->bind(10, row.since_ns).run();
}

void SavedLedger::Impl::write(const DeliveryRow& row) {
  put_delivery->bind(1, row.entry.exporter.to_string()).bind(2, protocol_name(row.entry.protocol));
  put_delivery->bind(3, row.entry.domain).bind(4, row.output);
  for (size_t kind = 0; kind < kDeliveryCount; ++kind)
    if (row.counts.of[kind] != 0) put_delivery->bind(5, delivery_name(kind)).bind(6, row.counts.of[kind]).run();
}

// Counts of outputs that are no longer configured stay: they may be configured again.
void SavedLedger::Impl::write_outputs(const std::vector<OutputRows>& configured) {
  database.execute("UPDATE outputs SET configured = 0");
  for (const OutputRows& output : configured) put_output->bind(1, output.name).bind(2, output.is_configured).run();
}

void SavedLedger::Impl::remove(const LedgerKey& key) {
  for (auto* statement : {&remove_entry, &remove_reasons, &remove_deliveries})
    (*statement)->bind(1, key.exporter.to_string()).bind(2, protocol_name(key.protocol)).bind(3, key.domain).run();
}

void SavedLedger::Impl::remove(const DeliveryKey& key) {
  const auto& [entry, output] = key;
  remove_delivery->bind(1, entry.exporter.to_string()).bind(2, protocol_name(entry.protocol));
  remove_delivery->bind(3, entry.domain).bind(4, output).run();
}

void SavedLedger::Impl::remove(const SessionKey& key) { bind(*remove_sequence, key).run(); }

void SavedLedger::Impl::remove(const WaitingKey& key) { bind(*remove_waiting, key.first).bind(7, key.second).run(); }

namespace {

// The changes that one save makes to a table.
template <class Row, class Key>
struct Difference {
  Difference(Saved<Row, Key>& on_disk, const std::vector<Row>& now)
      : saved(on_disk), changed(on_disk.changed(now)), gone(on_disk.gone(now)) {}
  bool empty() const { return changed.empty() && gone.empty(); }
  void write(auto& to) const {
    for (const Key& key : gone) to.remove(key);
    for (const auto& [row, print] : changed) to.write(*row);
  }
  void done() const {
    for (const Key& key : gone) saved.forget(key);
    for (const auto& [row, print] : changed) saved.remember(*row, print);
  }

  Saved<Row, Key>& saved;
  std::vector<std::pair<const Row*, Fingerprint>> changed;
  std::vector<Key> gone;
};

}  // namespace

static std::vector<DeliveryRow> delivery_rows(const LedgerSnapshot& rows) {
  static const DeliveryCounts kNone;
  std::vector<DeliveryRow> deliveries;
  for (const OutputRows& output : rows.outputs)
    for (size_t i = 0; i < rows.entries.size(); ++i)
      if (output.counts[i] != kNone)
        deliveries.push_back({rows.entries[i].key, output.name, output.counts[i], rows.entries[i].first_seen_ns});
  return deliveries;
}

static std::vector<std::pair<std::string, bool>> states_of(const std::vector<OutputRows>& outputs) {
  std::vector<std::pair<std::string, bool>> states;
  for (const OutputRows& output : outputs) states.emplace_back(output.name, output.is_configured);
  return states;
}

void SavedLedger::Impl::save(const LedgerSnapshot& rows, const std::vector<SequenceRow>& streams) {
  const std::vector<std::pair<std::string, bool>> states = states_of(rows.outputs);
  const bool outputs_changed = outputs != states;
  if (outputs_changed)
    deliveries.forget_if(
        [&](const DeliveryKey& key) { return !std::ranges::count(rows.outputs, key.second, &OutputRows::name); });
  const std::vector<DeliveryRow> delivered = delivery_rows(rows);
  Difference of_entries(entries, rows.entries);
  Difference of_deliveries(deliveries, delivered);
  Difference of_sequences(sequences, streams);
  Difference of_waiting(waiting, rows.waiting);
  auto changed_sockets = sockets.changed(rows.sockets);
  if (!outputs_changed && of_entries.empty() && of_deliveries.empty() && of_sequences.empty() && of_waiting.empty() &&
      changed_sockets.empty())
    return;

  Transaction transaction(database, "BEGIN IMMEDIATE");
  put_since->bind(1, "since_ns").bind(2, rows.since_ns).run();
  if (outputs_changed) write_outputs(rows.outputs);
  of_entries.write(*this);
  of_deliveries.write(*this);
  of_sequences.write(*this);
  of_waiting.write(*this);
  for (const auto& [row, print] : changed_sockets) write(*row);
  transaction.commit();

  outputs = states;
  of_entries.done();
  of_deliveries.done();
  of_sequences.done();
  of_waiting.done();
  for (const auto& [row, print] : changed_sockets) sockets.remember(*row, print);
}

SavedLedger::SavedLedger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SavedLedger::SavedLedger(SavedLedger&&) noexcept = default;
SavedLedger& SavedLedger::operator=(SavedLedger&&) noexcept = default;
SavedLedger::~SavedLedger() = default;

SavedLedger SavedLedger::open(const std::string& path) {
  create_catalog_file(path);
  return naming_file(path, [&] {
    auto impl = std::make_unique<Impl>(path);
    impl->open();
    impl->prepare();
    return SavedLedger(std::move(impl));
  });
}

LedgerSnapshot SavedLedger::load() {
  return naming_file(impl_->path, [&] {
    LedgerSnapshot rows = read_ledger(impl_->database);
    impl_->entries.remember(rows.entries);
    impl_->deliveries.remember(delivery_rows(rows));
    impl_->sockets.remember(rows.sockets);
    impl_->waiting.remember(rows.waiting);
    return rows;
  });
}

std::vector<SequenceRow> SavedLedger::load_sequences() {
  return naming_file(impl_->path, [&] {
    std::vector<SequenceRow> rows = read_sequences(impl_->database);
    impl_->sequences.remember(rows);
    return rows;
  });
}

bool SavedLedger::save(const LedgerSnapshot& rows, const std::vector<SequenceRow>& sequences, std::string& error) {
  try {
    impl_->save(rows, sequences);
    return true;
  } catch (const DatabaseError& failure) {
    error = "cannot save the ledger to " + impl_->path + ": " + failure.what();
    return false;
  }
}

LedgerSnapshot SavedLedger::read(const std::string& path) {
  if (!os::exists(path)) throw usage_error("there is no ledger: " + path + " does not exist");
  LedgerSnapshot rows = read_catalog(path, kLedgerOwner, read_ledger);
  std::ranges::for_each(rows.entries, raise_decoded);
  return rows;
}

}  // namespace weir
