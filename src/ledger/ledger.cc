// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <algorithm>

#include "base/assert.h"
#include "os/clock.h"

namespace weir {

LedgerEntry& Ledger::at(uint32_t index) {
  LedgerEntry* entry = by_index_[index].load(std::memory_order_acquire);
  WEIR_ASSERT(entry != nullptr);
  return *entry;
}

OutputCounts& Ledger::prepare_output(const std::string& name) {
  std::lock_guard lock(mutex_);
  return prepared_.emplace_back(*this, name, max_slots_);
}

OutputCounts& Ledger::add_output(const std::string& name) {
  OutputCounts& output = prepare_output(name);
  std::lock_guard lock(mutex_);
  WEIR_ASSERT(by_key_.empty());
  output.leads_ = outputs_.empty();
  outputs_.push_back(&output);
  return output;
}

void Ledger::join_output(OutputCounts& output, const LedgerSnapshot& earlier) {
  std::lock_guard lock(mutex_);
  const auto saved = std::ranges::find(earlier.outputs, output.name(), &OutputRows::name);
  for (size_t at = 0; saved != earlier.outputs.end() && at < earlier.entries.size(); ++at)
    if (const auto known = by_key_.find(earlier.entries[at].key);
        known != by_key_.end() && saved->counts[at].settled() <= known->second->records.value())
      output.add(known->second->index, saved->counts[at]);
  for (const auto& [key, entry] : by_key_) {
    settle(output, *entry);
    if (budget_ && key != LedgerKey{}) budget_->add(key.exporter, sizeof(DeliveryCounts));  // as in row_bytes()
  }
  for (const LedgerEntry* entry : retired_) settle(output, *entry);
  output.leads_ = outputs_.empty();
  outputs_.push_back(&output);
}

OutputCounts* Ledger::find_output(const std::string& name) {
  std::lock_guard lock(mutex_);
  auto found = std::ranges::find(prepared_, name, &OutputCounts::name);
  return found == prepared_.end() ? nullptr : &*found;
}

OutputCounts& Ledger::output(const std::string& name) {
  OutputCounts* found = find_output(name);
  WEIR_ASSERT(found != nullptr);
  return *found;
}

SocketCounts& Ledger::add_socket(const std::string& listener, unsigned worker, int receive_buffer_bytes) {
  std::lock_guard lock(mutex_);
  SocketCounts& socket = sockets_.emplace_back();
  socket.listener = listener;
  socket.worker = worker;
  socket.receive_buffer_bytes = receive_buffer_bytes;
  return socket;
}

static LedgerRow copy(const LedgerEntry& a) {
  LedgerRow row;
  row.key = a.key;
#define C(name, meaning) row.name = a.name.value();
  WEIR_LEDGER_COUNTERS(C)
#undef C
  // Read again, after what became of them: a record is decoded before it is stored, so a copy never has more stored.
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

// Records whose fate is not known, judging by the entry alone.
static int64_t left_of(const LedgerEntry& a) {
  return a.records.value() - a.stored.value() - a.filtered.value() - a.sink_dropped.value();
}
static int64_t samples_left_of(const LedgerEntry& a) {
  return a.counter_samples.value() - a.counters_stored.value() - a.counters_filtered.value() -
         a.counters_dropped.value();
}

static void add(LedgerRow& row, const LedgerRow& more) {
#define C(name, meaning) row.name += more.name;
  WEIR_LEDGER_COUNTERS(C)
#undef C
  for (size_t i = 0; i < kMalformedCount; ++i) row.malformed_by_reason[i] += more.malformed_by_reason[i];
  for (size_t i = 0; i < kRefusedCount; ++i) row.refused_by_reason[i] += more.refused_by_reason[i];
}

LedgerSnapshot Ledger::rows() const {
  std::lock_guard lock(mutex_);
  LedgerSnapshot rows;
  rows.since_ns = since_ns_;
  rows.at_ns = os::realtime_ns();
  std::vector<const LedgerEntry*> in_order;  // a row is large: it is written only once, in its final place
  in_order.reserve(entries_.size());
  for (const auto& [key, entry] : by_key_) in_order.push_back(entry);
  std::sort(in_order.begin(), in_order.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
  for (const OutputCounts* output : outputs_) {  // before the entries: a copy never has more settled than decoded
    OutputRows& of = rows.outputs.emplace_back(OutputRows{output->name(), {}, output->is_configured()});
    of.counts.reserve(in_order.size());
    for (const LedgerEntry* a : in_order) of.counts.push_back(output->counts(a->index));
  }
  rows.entries.reserve(in_order.size());
  for (const LedgerEntry* a : in_order) rows.entries.push_back(copy(*a));
  if (!retired_.empty()) add_retired(rows);
  rows.sockets = socket_rows();
  return rows;
}

// Adds what was counted late for rows that have been evicted.
void Ledger::add_retired(LedgerSnapshot& rows) const {
  auto shared = std::ranges::find(rows.entries, LedgerKey{}, &LedgerRow::key);
  const auto at = static_cast<size_t>(shared - rows.entries.begin());
  for (const LedgerEntry* a : retired_) {
    for (size_t o = 0; o < outputs_.size(); ++o) rows.outputs[o].counts[at].add(outputs_[o]->counts(a->index));
    add(*shared, copy(*a));
  }
}

uint32_t Ledger::visit(uint32_t from, uint32_t limit, const std::function<void(const LedgerEntry&)>& see) const {
  std::lock_guard lock(mutex_);
  const auto end = static_cast<uint32_t>(std::min<size_t>(entries_.size(), size_t{from} + limit));
  for (uint32_t index = from; index < end; ++index) {
    const LedgerEntry* entry = by_index_[index].load(std::memory_order_relaxed);
    if (entry && !entry->retired.load(std::memory_order_relaxed)) see(*entry);
  }
  return end < entries_.size() ? end : 0;
}

std::vector<SocketRow> Ledger::sockets() const {
  std::lock_guard lock(mutex_);
  return socket_rows();
}

std::vector<SocketRow> Ledger::socket_rows() const {
  std::vector<SocketRow> rows;
  for (const SocketCounts& s : sockets_) {
    SocketRow& row = rows.emplace_back(SocketRow{s.listener, s.worker, s.receive_buffer_bytes, s.datagrams.value(),
                                                 s.bytes.value(), s.kernel_drops.value(), s.not_allowed.value()});
    for (size_t i = 0; i < kReceiveErrorCount; ++i) row.receive_errors[i] = s.receive_errors[i].value();
  }
  // A socket that an earlier run had, and that this one has again, continues its counts.
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
    same->not_allowed += e.not_allowed;
  }
  return rows;
}

void Ledger::restore(const LedgerSnapshot& rows) {
  if (rows.since_ns) since_ns_ = rows.since_ns;  // else the catalog is new
  earlier_sockets_ = rows.sockets;
  for (size_t at = 0; at < rows.entries.size(); ++at) {
    const LedgerRow& row = rows.entries[at];
    LedgerEntry& a = entry(row.key);
    restore_deliveries(rows, at, a);
    // Added, not set: it may be the shared entry, if there is no space for all.
#define C(name, meaning) a.name.add(row.name);
    WEIR_LEDGER_COUNTERS(C)
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

// The index of that exporter's row, which is created if there is none.
static size_t row_of(LedgerSnapshot& rows, const LedgerKey& key) {
  auto row = std::ranges::lower_bound(rows.entries, key, {}, &LedgerRow::key);
  const auto at = row - rows.entries.begin();
  if (row != rows.entries.end() && row->key == key) return static_cast<size_t>(at);
  rows.entries.insert(row, LedgerRow{.key = key});
  for (OutputRows& output : rows.outputs) output.counts.insert(output.counts.begin() + at, DeliveryCounts{});
  return static_cast<size_t>(at);
}

void raise_decoded(LedgerRow& row) {
  row.records = std::max(row.records, row.stored + row.filtered + row.sink_dropped);
  row.counter_samples =
      std::max(row.counter_samples, row.counters_stored + row.counters_filtered + row.counters_dropped);
}

void raise_acknowledged(LedgerSnapshot& rows, const std::string& output, const LedgerKey& key, bool counters,
                        int64_t count) {
  const size_t at = row_of(rows, key);
  LedgerRow& entry = rows.entries[at];
  auto of = std::ranges::find(rows.outputs, output, &OutputRows::name);
  if (of != rows.outputs.end()) {
    int64_t& acknowledged = of->counts[at].of[counters ? kCountersAcknowledged : kDeliveryAcknowledged];
    const int64_t more = std::max<int64_t>(count - acknowledged, 0);
    acknowledged += more;
    (counters ? entry.counters_stored : entry.stored) += more;
  }
  raise_decoded(entry);
}

void Ledger::restore_deliveries(const LedgerSnapshot& rows, size_t row, const LedgerEntry& entry) {
  for (OutputCounts* output : outputs_) {
    auto earlier = std::ranges::find(rows.outputs, output->name(), &OutputRows::name);
    if (earlier == rows.outputs.end()) continue;
    output->was_configured_ = earlier->is_configured;
    output->add(entry.index, earlier->counts[row]);
  }
}

void Ledger::raise_acknowledged(OutputCounts& output, const LedgerKey& key, bool counters, int64_t count) {
  LedgerEntry& to = entry(key);
  const DeliveryCounts known = output.counts(to.index);
  const int64_t more = count - known.of[counters ? kCountersAcknowledged : kDeliveryAcknowledged];
  if (more <= 0) return;
  counters ? output.acknowledge_counters(to.index, more) : output.acknowledge(to.index, more);
}

// Whether no batch refers to the entry any more.
bool Ledger::is_settled(const LedgerEntry& a) const {
  const int64_t records = a.records.value() - a.filtered.value(), samples = a.counter_samples.value();
  if (outputs_.empty()) return left_of(a) == 0 && samples_left_of(a) == 0;
  return std::ranges::all_of(outputs_, [&](const OutputCounts* output) {
    const DeliveryCounts counts = output->counts(a.index);
    return counts.settled() == records && counts.settled_counters() == samples;
  });
}

// What was stored may have been saved up to a second later than what was decoded (store/segments.h). `stored` and
// `sink_dropped` may have been counted by outputs other than the present ones.
int64_t Ledger::settle(LedgerEntry& a) {
  if (const int64_t more = -left_of(a); more > 0) a.records.add(more);
  if (const int64_t more = -samples_left_of(a); more > 0) a.counter_samples.add(more);
  const int64_t lost = left_of(a);
  a.sink_dropped.add(lost);
  a.counters_dropped.add(samples_left_of(a));
  for (OutputCounts* output : outputs_) settle(*output, a);
  return lost;
}

void Ledger::settle(OutputCounts& output, const LedgerEntry& a) {
  const DeliveryCounts known = output.counts(a.index);
  DeliveryCounts more;
  const OutputError reason = output.was_configured_ ? OutputError::crash : OutputError::not_configured;
  more.of[kDeliveryDropped + static_cast<size_t>(reason)] = a.records.value() - a.filtered.value() - known.settled();
  more.of[output.was_configured_ ? kCountersDropped : kCountersFiltered] =
      a.counter_samples.value() - known.settled_counters();
  output.add(a.index, more);
}

int64_t Ledger::settle_unfinished() {
  std::lock_guard lock(mutex_);
  int64_t lost = 0;
  for (const auto& [key, entry] : by_key_) lost += settle(*entry);
  return lost;
}

}  // namespace weir
