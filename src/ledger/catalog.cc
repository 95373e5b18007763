// SPDX-License-Identifier: Apache-2.0
#include "ledger/catalog.h"

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "ledger/account_columns.h"
#include "ledger/catalog_file.h"
#include "os/clock.h"
#include "os/file.h"

namespace weir {
namespace {

struct SequenceKey {
  IpAddress exporter;
  uint16_t port;
  Protocol protocol;
  uint32_t domain;
  bool operator==(const SequenceKey&) const = default;
  template <class H>
  friend H AbslHashValue(H h, const SequenceKey& k) {
    return H::combine(std::move(h), k.exporter, k.port, k.protocol, k.domain);
  }
};
SequenceKey key_of(const SequenceRow& row) { return {row.exporter, row.port, row.protocol, row.domain}; }

using WaitingKey = std::pair<SequenceKey, uint16_t>;
WaitingKey key_of(const WaitingRow& row) {
  return {{row.exporter, row.port, row.protocol, row.domain}, row.template_id};
}

using Fingerprint = size_t;

Fingerprint fingerprint(const AccountRow& row) {
  Fingerprint print = absl::HashOf(row.malformed_by_reason, row.refused_by_reason);
  for (const AccountColumn& column : kAccountCounters) print = absl::HashOf(print, row.*column.value);
  for (const AccountColumn& column : kAccountStates) print = absl::HashOf(print, row.*column.value);
  return print;
}
Fingerprint fingerprint(const SocketRow& row) {
  return absl::HashOf(row.receive_buffer_bytes, row.datagrams, row.bytes, row.kernel_drops);
}
Fingerprint fingerprint(const SequenceRow& row) { return absl::HashOf(row.next, row.uptime_ms, row.export_seconds); }
Fingerprint fingerprint(const WaitingRow& row) { return absl::HashOf(row.sets, row.bytes, row.since_ns); }

using SocketKey = std::pair<std::string, unsigned>;
SocketKey key_of(const SocketRow& row) { return {row.listener, row.worker}; }
AccountKey key_of(const AccountRow& row) { return row.key; }

std::optional<Protocol> protocol_of(std::string_view name) {
  for (size_t i = 0; i < kProtocolCount; ++i)
    if (kProtocolNames[i] == name) return static_cast<Protocol>(i);
  return {};
}

IpAddress address_of(std::string_view text) {
  auto address = IpAddress::parse(text);
  if (!address) throw SchemaError("it holds an exporter that is no address: " + std::string(text));
  return *address;
}

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
  for (const AccountColumn& column : kAccountCounters) names.emplace_back(column.name);
  for (const AccountColumn& column : kAccountStates) names.emplace_back(column.name);
  return names;
}

// ---- Reading

// A catalog of an older version lacks the columns added since: they read as 0.
std::string select_accounts(Database& database) {
  std::set<std::string> present = columns_of(database, "exporters");
  std::string sql = "SELECT exporter, protocol, domain";
  for (const std::string& name : account_columns()) sql += present.contains(name) ? ", " + name : ", 0";
  return sql + " FROM exporters";
}

void read_accounts(Database& database, LedgerRows& rows) {
  Statement statement = database.prepare(select_accounts(database));
  while (statement.step()) {
    auto protocol = protocol_of(statement.text(1));
    if (!protocol) continue;  // of a later version
    AccountRow row;
    row.key = {address_of(statement.text(0)), *protocol, static_cast<uint32_t>(statement.integer(2))};
    int at = 3;
    for (const AccountColumn& column : kAccountCounters) row.*column.value = statement.integer(at++);
    for (const AccountColumn& column : kAccountStates) row.*column.value = statement.integer(at++);
    rows.accounts.push_back(row);
  }
  std::ranges::sort(rows.accounts, {}, &AccountRow::key);
}

void set_reason(AccountRow& row, std::string_view reason, int64_t count) {
  for (size_t i = 0; i < kMalformedCount; ++i)
    if (kMalformedNames[i] == reason) row.malformed_by_reason[i] = count;
  for (size_t i = 0; i < kRefusedCount; ++i)
    if (kRefusedNames[i] == reason) row.refused_by_reason[i] = count;
}

void read_reasons(Database& database, LedgerRows& rows) {
  Statement statement = database.prepare("SELECT exporter, protocol, domain, reason, count FROM reasons");
  while (statement.step()) {
    auto protocol = protocol_of(statement.text(1));
    if (!protocol) continue;
    AccountKey key{address_of(statement.text(0)), *protocol, static_cast<uint32_t>(statement.integer(2))};
    auto row = std::lower_bound(rows.accounts.begin(), rows.accounts.end(), key,
                                [](const AccountRow& a, const AccountKey& k) { return a.key < k; });
    if (row != rows.accounts.end() && row->key == key) set_reason(*row, statement.text(3), statement.integer(4));
  }
}

void read_sockets(Database& database, LedgerRows& rows) {
  Statement statement = database.prepare(
      "SELECT listener, worker, receive_buffer_bytes, datagrams, bytes, kernel_drops FROM sockets "
      "ORDER BY listener, worker");
  while (statement.step())
    rows.sockets.push_back({std::string(statement.text(0)), static_cast<unsigned>(statement.integer(1)),
                            static_cast<int>(statement.integer(2)), statement.integer(3), statement.integer(4),
                            statement.integer(5)});
}

// Those with the most sets first. An older catalog has no such table.
void read_waiting(Database& database, LedgerRows& rows) {
  if (columns_of(database, "waiting").empty()) return;
  Statement statement = database.prepare(
      "SELECT exporter, port, protocol, domain, template, sets, bytes, since_ns FROM waiting "
      "ORDER BY sets DESC, exporter, port, domain, template");
  while (statement.step()) {
    auto protocol = protocol_of(statement.text(2));
    if (!protocol) continue;
    rows.waiting.push_back({address_of(statement.text(0)), static_cast<uint16_t>(statement.integer(1)), *protocol,
                            static_cast<uint32_t>(statement.integer(3)), static_cast<uint16_t>(statement.integer(4)),
                            statement.integer(5), statement.integer(6), statement.integer(7)});
  }
  rows.waiting_templates = static_cast<int64_t>(rows.waiting.size());
}

LedgerRows read_rows(Database& database) {
  Transaction snapshot(database);
  LedgerRows rows;
  rows.at_ns = os::realtime_ns();
  rows.since_ns = database.integer("SELECT value FROM ledger WHERE name = 'since_ns'");
  read_accounts(database, rows);
  read_reasons(database, rows);
  read_sockets(database, rows);
  read_waiting(database, rows);
  snapshot.commit();
  return rows;
}

std::vector<SequenceRow> read_sequences(Database& database) {
  std::vector<SequenceRow> rows;
  Statement statement =
      database.prepare("SELECT exporter, port, protocol, domain, next, uptime_ms, export_seconds FROM sequences");
  while (statement.step()) {
    auto protocol = protocol_of(statement.text(2));
    if (!protocol) continue;
    rows.push_back({address_of(statement.text(0)), static_cast<uint16_t>(statement.integer(1)), *protocol,
                    static_cast<uint32_t>(statement.integer(3)), static_cast<uint32_t>(statement.integer(4)),
                    static_cast<uint32_t>(statement.integer(5)), static_cast<uint32_t>(statement.integer(6))});
  }
  return rows;
}

// ---- What is on disk already

// Rows of one key that are not the same count going on: an exporter whose row went and came again (ledger_room.cc) has
// been seen first at another time.
template <class Row>
int64_t began(const Row&) {
  return 0;
}
template <>
int64_t began(const AccountRow& row) {
  return row.key == AccountKey{} ? 0 : row.first_seen_ns;  // "other" stays
}

template <class Row, class Key>
class Saved {
 public:
  // The rows of `now` that are not on disk as they are.
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
  // The keys on disk that `now` lacks, or has anew.
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

 private:
  struct OnDisk {
    Fingerprint print;
    int64_t began;
  };
  absl::flat_hash_map<Key, OnDisk> prints_;
};

}  // namespace

// ---- Writing

struct Catalog::Impl {
  explicit Impl(const std::string& file_path) : path(file_path), database(file_path, Database::Mode::create) {}

  void open();
  void prepare();
  void save(const LedgerRows& rows, const std::vector<SequenceRow>& sequences);
  void write(const AccountRow& row);
  void write_reasons(const AccountRow& row);
  void write(const SocketRow& row);
  void write(const SequenceRow& row);
  void write(const WaitingRow& row);
  void remove(const AccountKey& key);
  void remove(const SequenceKey& key);
  void remove(const WaitingKey& key);

  std::string path;
  Database database;
  std::optional<Statement> put_since, put_account, put_reason, put_socket, put_sequence, remove_sequence, put_waiting,
      remove_waiting, remove_account, remove_reasons;
  Saved<AccountRow, AccountKey> accounts;
  Saved<SocketRow, SocketKey> sockets;
  Saved<SequenceRow, SequenceKey> sequences;
  Saved<WaitingRow, WaitingKey> waiting;
};

void Catalog::Impl::open() {
  if (database.is_read_only())
    throw SchemaError("it cannot be written to by this user; change its owner, or name another directory with --data");
  check_catalog(database, true);
  Statement check = database.prepare("PRAGMA quick_check(1)");
  if (check.step() && check.text(0) != "ok")
    throw SchemaError("it is damaged (" + std::string(check.text(0)) +
                      "); move it away to begin a new ledger, or name another directory with --data");
}

void Catalog::Impl::prepare() {
  database.execute("PRAGMA journal_mode = WAL");
  database.execute("PRAGMA synchronous = NORMAL");  // a lost power supply may take the last seconds, never consistency
  database.execute("PRAGMA journal_size_limit = 4194304");
  create_or_migrate(database);
  put_since = database.prepare(upsert("ledger", {"name"}, {"value"}));
  std::string put = upsert("exporters", {"exporter", "protocol", "domain"}, account_columns());
  // The store notes what it has stored in the transaction that lists it, which may come between a snapshot and its
  // saving (store/segments.h).
  for (const std::string name : {"stored", "counters_stored"}) {
    const std::string from = ", " + name + " = excluded." + name;
    put.replace(put.find(from), from.size(), ", " + name + " = max(" + name + ", excluded." + name + ")");
  }
  put_account = database.prepare(put);
  put_reason = database.prepare(upsert("reasons", {"exporter", "protocol", "domain", "reason"}, {"count"}));
  const std::string of_account = " WHERE exporter = ? AND protocol = ? AND domain = ?";
  remove_account = database.prepare("DELETE FROM exporters" + of_account);
  remove_reasons = database.prepare("DELETE FROM reasons" + of_account);
  put_socket = database.prepare(
      upsert("sockets", {"listener", "worker"}, {"receive_buffer_bytes", "datagrams", "bytes", "kernel_drops"}));
  put_sequence = database.prepare(
      upsert("sequences", {"exporter", "port", "protocol", "domain"}, {"next", "uptime_ms", "export_seconds"}));
  const std::string of_stream = " WHERE exporter = ? AND port = ? AND protocol = ? AND domain = ?";
  remove_sequence = database.prepare("DELETE FROM sequences" + of_stream);
  put_waiting = database.prepare(
      upsert("waiting", {"exporter", "port", "protocol", "domain", "template"}, {"sets", "bytes", "since_ns"}));
  remove_waiting = database.prepare("DELETE FROM waiting" + of_stream + " AND template = ?");
}

void Catalog::Impl::write(const AccountRow& row) {
  put_account->bind(1, row.key.exporter.to_string()).bind(2, protocol_name(row.key.protocol)).bind(3, row.key.domain);
  int at = 4;
  for (const AccountColumn& column : kAccountCounters) put_account->bind(at++, row.*column.value);
  for (const AccountColumn& column : kAccountStates) put_account->bind(at++, row.*column.value);
  put_account->run();
  write_reasons(row);
}

void Catalog::Impl::write_reasons(const AccountRow& row) {
  auto put = [&](std::string_view reason, int64_t count) {
    if (count == 0) return;
    put_reason->bind(1, row.key.exporter.to_string()).bind(2, protocol_name(row.key.protocol)).bind(3, row.key.domain);
    put_reason->bind(4, reason).bind(5, count).run();
  };
  for (size_t i = 0; i < kMalformedCount; ++i) put(kMalformedNames[i], row.malformed_by_reason[i]);
  for (size_t i = 0; i < kRefusedCount; ++i) put(kRefusedNames[i], row.refused_by_reason[i]);
}

void Catalog::Impl::write(const SocketRow& row) {
  put_socket->bind(1, row.listener).bind(2, row.worker).bind(3, row.receive_buffer_bytes);
  put_socket->bind(4, row.datagrams).bind(5, row.bytes).bind(6, row.kernel_drops).run();
}

void Catalog::Impl::write(const SequenceRow& row) {
  put_sequence->bind(1, row.exporter.to_string()).bind(2, row.port).bind(3, protocol_name(row.protocol));
  put_sequence->bind(4, row.domain).bind(5, row.next).bind(6, row.uptime_ms).bind(7, row.export_seconds).run();
}

void Catalog::Impl::write(const WaitingRow& row) {
  put_waiting->bind(1, row.exporter.to_string()).bind(2, row.port).bind(3, protocol_name(row.protocol));
  put_waiting->bind(4, row.domain).bind(5, row.template_id).bind(6, row.sets).bind(7, row.bytes);
  put_waiting->bind(8, row.since_ns).run();
}

void Catalog::Impl::remove(const AccountKey& key) {
  for (auto* statement : {&remove_account, &remove_reasons})
    (*statement)->bind(1, key.exporter.to_string()).bind(2, protocol_name(key.protocol)).bind(3, key.domain).run();
}

void Catalog::Impl::remove(const SequenceKey& key) {
  remove_sequence->bind(1, key.exporter.to_string()).bind(2, key.port).bind(3, protocol_name(key.protocol));
  remove_sequence->bind(4, key.domain).run();
}

void Catalog::Impl::remove(const WaitingKey& key) {
  const auto& [stream, template_id] = key;
  remove_waiting->bind(1, stream.exporter.to_string()).bind(2, stream.port).bind(3, protocol_name(stream.protocol));
  remove_waiting->bind(4, stream.domain).bind(5, template_id).run();
}

namespace {

// What one save does to a table.
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

void Catalog::Impl::save(const LedgerRows& rows, const std::vector<SequenceRow>& streams) {
  Difference of_accounts(accounts, rows.accounts);
  Difference of_sequences(sequences, streams);
  Difference of_waiting(waiting, rows.waiting);
  auto changed_sockets = sockets.changed(rows.sockets);
  if (of_accounts.empty() && of_sequences.empty() && of_waiting.empty() && changed_sockets.empty()) return;

  Transaction transaction(database, "BEGIN IMMEDIATE");
  put_since->bind(1, "since_ns").bind(2, rows.since_ns).run();
  of_accounts.write(*this);
  of_sequences.write(*this);
  of_waiting.write(*this);
  for (const auto& [row, print] : changed_sockets) write(*row);
  transaction.commit();

  of_accounts.done();
  of_sequences.done();
  of_waiting.done();
  for (const auto& [row, print] : changed_sockets) sockets.remember(*row, print);
}

Catalog::Catalog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Catalog::Catalog(Catalog&&) noexcept = default;
Catalog& Catalog::operator=(Catalog&&) noexcept = default;
Catalog::~Catalog() = default;

Catalog Catalog::open(const std::string& path) {
  create_catalog_file(path);
  return naming_file(path, [&] {
    auto impl = std::make_unique<Impl>(path);
    impl->open();
    impl->prepare();
    return Catalog(std::move(impl));
  });
}

LedgerRows Catalog::load() {
  return naming_file(impl_->path, [&] {
    LedgerRows rows = read_rows(impl_->database);
    impl_->accounts.remember(rows.accounts);
    impl_->sockets.remember(rows.sockets);
    impl_->waiting.remember(rows.waiting);
    return rows;
  });
}

std::vector<SequenceRow> Catalog::load_sequences() {
  return naming_file(impl_->path, [&] {
    std::vector<SequenceRow> rows = read_sequences(impl_->database);
    impl_->sequences.remember(rows);
    return rows;
  });
}

bool Catalog::save(const LedgerRows& rows, const std::vector<SequenceRow>& sequences, std::string& error) {
  try {
    impl_->save(rows, sequences);
    return true;
  } catch (const DatabaseError& failure) {
    error = "cannot save the ledger to " + impl_->path + ": " + failure.what();
    return false;
  }
}

// The store notes what it has stored when it lists it, the ledger is saved up to 30 s later: never more stored than
// decoded.
static void settle(AccountRow& row) {
  row.records = std::max(row.records, row.stored + row.filtered + row.sink_dropped);
  row.counter_samples =
      std::max(row.counter_samples, row.counters_stored + row.counters_filtered + row.counters_dropped);
}

LedgerRows Catalog::read(const std::string& path) {
  if (!os::exists(path)) throw usage_error("there is no ledger: " + path + " does not exist");
  LedgerRows rows = read_catalog(path, read_rows);
  for (AccountRow& row : rows.accounts) settle(row);
  return rows;
}

}  // namespace weir
