// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <algorithm>

#include "base/assert.h"
#include "os/clock.h"

namespace weir {

Account& Ledger::at(uint32_t index) {
  Account* account = by_index_[index].load(std::memory_order_acquire);
  WEIR_ASSERT(account != nullptr);
  return *account;
}

SocketAccount& Ledger::add_socket(const std::string& listener, unsigned worker, int receive_buffer_bytes) {
  std::lock_guard lock(mutex_);
  SocketAccount& socket = sockets_.emplace_back();
  socket.listener = listener;
  socket.worker = worker;
  socket.receive_buffer_bytes = receive_buffer_bytes;
  return socket;
}

static AccountRow copy(const Account& a) {
  AccountRow row;
  row.key = a.key;
#define C(name, meaning) row.name = a.name.value();
  WEIR_ACCOUNT_COUNTERS(C)
#undef C
  // Again, after what has become of them: a record is decoded before it is stored, so a copy never has more stored.
  row.records = a.records.value();
  row.counter_samples = a.counter_samples.value();
  for (size_t i = 0; i < kMalformedCount; ++i) row.malformed_by_reason[i] = a.malformed_by_reason[i].value();
  for (size_t i = 0; i < kRefusedCount; ++i) row.refused_by_reason[i] = a.refused_by_reason[i].value();
  row.first_seen_ns = a.first_seen_ns.value();
  row.last_seen_ns = a.last_seen_ns.value();
  row.templates = a.templates.value();
  row.clock_skew_ns = a.clock_skew_ns.value();
  row.sampling_rate = a.sampling_rate.value();
  return row;
}

static void add(AccountRow& row, const AccountRow& more) {
#define C(name, meaning) row.name += more.name;
  WEIR_ACCOUNT_COUNTERS(C)
#undef C
  for (size_t i = 0; i < kMalformedCount; ++i) row.malformed_by_reason[i] += more.malformed_by_reason[i];
  for (size_t i = 0; i < kRefusedCount; ++i) row.refused_by_reason[i] += more.refused_by_reason[i];
}

LedgerRows Ledger::rows() const {
  std::lock_guard lock(mutex_);
  LedgerRows rows;
  rows.since_ns = since_ns_;
  rows.at_ns = os::realtime_ns();
  std::vector<const Account*> in_order;  // a row is large: it is written once, where it stays
  in_order.reserve(accounts_.size());
  for (const auto& [key, account] : by_key_) in_order.push_back(account);
  std::sort(in_order.begin(), in_order.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
  rows.accounts.reserve(in_order.size());
  for (const Account* a : in_order) rows.accounts.push_back(copy(*a));
  if (!retired_.empty()) {  // what came late for them
    auto shared = std::ranges::find(rows.accounts, AccountKey{}, &AccountRow::key);
    for (const Account* a : retired_) add(*shared, copy(*a));
  }
  rows.sockets = socket_rows();
  return rows;
}

uint32_t Ledger::visit(uint32_t from, uint32_t most, const std::function<void(const Account&)>& see) const {
  std::lock_guard lock(mutex_);
  const auto end = static_cast<uint32_t>(std::min<size_t>(accounts_.size(), size_t{from} + most));
  for (uint32_t index = from; index < end; ++index) {
    const Account* account = by_index_[index].load(std::memory_order_relaxed);
    if (account && !account->retired.load(std::memory_order_relaxed)) see(*account);
  }
  return end < accounts_.size() ? end : 0;
}

std::vector<SocketRow> Ledger::sockets() const {
  std::lock_guard lock(mutex_);
  return socket_rows();
}

std::vector<SocketRow> Ledger::socket_rows() const {
  std::vector<SocketRow> rows;
  for (const SocketAccount& s : sockets_) {
    SocketRow& row = rows.emplace_back(SocketRow{s.listener, s.worker, s.receive_buffer_bytes, s.datagrams.value(),
                                                 s.bytes.value(), s.kernel_drops.value()});
    for (size_t i = 0; i < kReceiveErrorCount; ++i) row.receive_errors[i] = s.receive_errors[i].value();
  }
  // A socket that an earlier run had and this one has again goes on counting from there.
  for (const SocketRow& e : earlier_sockets_) {
    auto same = std::find_if(rows.begin(), rows.end(),
                             [&](const SocketRow& s) { return s.listener == e.listener && s.worker == e.worker; });
    if (same == rows.end()) {
      rows.push_back(e);
      continue;
    }
    same->datagrams += e.datagrams;
    same->bytes += e.bytes;
    same->kernel_drops += e.kernel_drops;
  }
  return rows;
}

void Ledger::restore(const LedgerRows& rows) {
  if (rows.since_ns) since_ns_ = rows.since_ns;  // else the catalog is new
  earlier_sockets_ = rows.sockets;
  for (const AccountRow& row : rows.accounts) {
    Account& a = account(row.key);
    // Added: it may be the shared one, where there is no room for all.
#define C(name, meaning) a.name.add(row.name);
    WEIR_ACCOUNT_COUNTERS(C)
#undef C
    // What the earlier run still held in memory when it ended is gone.
    a.expired.add(row.held);
    a.expired_bytes.add(row.held_bytes);
    a.held.set(0);
    a.held_bytes.set(0);
    for (size_t i = 0; i < kMalformedCount; ++i) a.malformed_by_reason[i].add(row.malformed_by_reason[i]);
    for (size_t i = 0; i < kRefusedCount; ++i) a.refused_by_reason[i].add(row.refused_by_reason[i]);
    a.sampling_rate.set(row.sampling_rate);
    a.add_seen(row.first_seen_ns, row.last_seen_ns);
  }
}

// What was stored may be known up to a second longer than what was decoded (store/segments.h).
int64_t Ledger::settle_unfinished() {
  std::lock_guard lock(mutex_);
  int64_t lost = 0;
  for (const auto& [key, account] : by_key_) {
    Account& a = *account;
    int64_t left = a.records.value() - a.stored.value() - a.filtered.value() - a.sink_dropped.value();
    if (left < 0) a.records.add(-left);
    if (left > 0) a.sink_dropped.add(left);
    lost += std::max<int64_t>(left, 0);
    left = a.counter_samples.value() - a.counters_stored.value() - a.counters_filtered.value() -
           a.counters_dropped.value();
    if (left < 0) a.counter_samples.add(-left);
    if (left > 0) a.counters_dropped.add(left);
  }
  return lost;
}

}  // namespace weir
