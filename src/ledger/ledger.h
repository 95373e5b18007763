// SPDX-License-Identifier: Apache-2.0
// The ledger: what became of everything an exporter sent, per exporter, protocol and observation domain, and per
// socket.
//
//   in       every stage adds to a LedgerEntry's counters; receive adds to its SocketCounts
//   out      snapshots: `weir exporters`, /metrics, catalog.db
//   threads  counters are atomics, any thread; entries are never moved while the process lives.
//            An entry's `datagrams` counts a datagram last: a copy that includes it includes all else that it changed
//   memory   limits::kLedgerRows entries, and what a SenderBudget allows. If there is no space, rows without a
//            stream are evicted (base/eviction.h): their counts are added to one row, exporter "::" ("other"), so that
//            no sum over all rows falls. Only if nothing can be evicted, newcomers share that row
//
// The identities that hold when the stream is quiet:
//   exported = received + sequence_lost             in the protocol's unit: v9 datagrams - duplicates; v5 and v7
//                                                   records - duplicate_records; IPFIX also + options_records
//                                                   + expired_records; sFlow's samples: records + counter_samples
//                                                   - duplicate_records
//   records  = stored + filtered + sink_dropped     what became of them at the output `store`, else at the first one;
//                                                   for each output see ledger/output_counts.h
//   counter_samples = counters_stored + counters_filtered + counters_dropped
//   missing_template = held + replayed_sets + expired + quarantined
#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip_address.h"
#include "base/limits.h"
#include "base/protocol.h"
#include "base/sender_budget.h"
#include "base/session_key.h"
#include "ledger/counter.h"
#include "ledger/output_counts.h"
#include "os/state_memory.h"

namespace weir {

struct LedgerKey {
  IpAddress exporter;
  Protocol protocol = Protocol::unknown;
  uint32_t domain = 0;  // v5: engine type << 8 | engine id; sFlow: sub-agent
  auto operator<=>(const LedgerKey&) const = default;
  template <class H>
  friend H AbslHashValue(H h, const LedgerKey& k) {
    return H::combine(std::move(h), k.exporter, k.protocol, k.domain);
  }
};

inline LedgerKey ledger_key(const SessionKey& session) { return {session.exporter, session.protocol, session.domain}; }

// Every counter of an entry: name as shown, and what it counts. JSON and catalog.db are made from this one list;
// web/metrics.cc and show/exporters_table.cc choose from it.
// clang-format off
#define WEIR_LEDGER_COUNTERS(C) \
  C(datagrams,        "datagrams received") \
  C(records,          "flow records decoded") \
  C(stored,           "records written to the store (without a store: to the first output)") \
  C(held,             "data sets now waiting for their template") \
  C(replayed,         "records decoded after their template arrived") \
  C(expired,          "data sets given up: their template did not arrive in time, or their memory was needed") \
  C(missing_template, "data sets that arrived before their template") \
  C(malformed,        "datagrams, sets and templates that break the protocol") \
  C(filtered,         "records left out by configuration") \
  C(fallback,         "records decoded with a template from another source port, or from before a restart") \
  C(sequence_lost,    "records, datagrams or samples (see sequence_unit) that were sent but never received") \
  C(duplicates,       "datagrams received twice, or with a sequence number far from the expected one") \
  C(restarts,         "restarts of the exporter") \
  C(options_records,  "options data records decoded") \
  C(sink_dropped,     "records that the store (without a store: the first output) dropped") \
  C(held_bytes,       "bytes of the data sets now waiting") \
  C(expired_bytes,    "bytes of the expired data sets") \
  C(expired_records,  "records in the expired and quarantined data sets, as far as the sequence numbers show") \
  C(withdrawals,      "template withdrawals received (no effect over UDP)") \
  C(refused,          "templates, sessions and other input over a limit, or that is not trusted (see the reasons)") \
  C(time_quality,     "records with impossible times (kept as sent)") \
  C(counter_samples,  "sFlow counter samples decoded") \
  C(other_samples,    "sFlow samples of types that Weir skips") \
  C(counters_stored,  "counter samples in the store") \
  C(counters_filtered, "counter samples not stored because there is no store") \
  C(counters_dropped, "counter samples that the store dropped") \
  C(replayed_sets,    "data sets decoded after their template arrived") \
  C(quarantined,      "data sets given up: sent before a restart or a change of their template, no longer known") \
  C(quarantined_bytes, "bytes of the quarantined data sets") \
  C(duplicate_records, "records in duplicate datagrams, also counted in records (sFlow: samples)") \
  C(forgotten,        "templates discarded: not sent again in time, or an idle session was evicted") \
  C(borrowed,         "records with a sampling rate or names announced on another source port or domain of the exporter")
// clang-format on

struct alignas(64) LedgerEntry {
  // What every datagram needs comes first: one cache line, up to the counters of datagrams and records.
  uint32_t index = 0;
  std::atomic<bool> retired{false};  // its counts belong to the row "other"
  std::atomic<uint32_t> holders{0};  // number of LedgerHolds
  std::atomic<uint32_t> streams{0};  // in the table of streams; the row stays while there are any
  Counter first_seen_ns, last_seen_ns;
  Counter clock_skew_ns;  // collector's clock minus the exporter's, at the last datagram (gauge)
#define C(name, meaning) Counter name;
  WEIR_LEDGER_COUNTERS(C)
#undef C
  std::array<Counter, kMalformedCount> malformed_by_reason;
  std::array<Counter, kRefusedCount> refused_by_reason;
  Counter templates;      // known now (gauge)
  Counter sampling_rate;  // of the newest records that were examined; 0: none announced (gauge)
  LedgerKey key;

  // Only once in 64 datagrams, because it is in another cache line.
  void note_sampling_rate(uint64_t rate) {
    if (datagrams.value() % 64 == 0 && rate != 0) sampling_rate.set(static_cast<int64_t>(rate));
  }
  bool gave_records() const { return records.value() + counter_samples.value() + options_records.value() > 0; }

  // The exporter was seen at these times, too. One thread at a time.
  void add_seen(int64_t first_ns, int64_t last_ns) {
    const int64_t first = first_seen_ns.value();
    if (first_ns != 0 && (first == 0 || first_ns < first)) first_seen_ns.set(first_ns);
    if (last_ns > last_seen_ns.value()) last_seen_ns.set(last_ns);
  }

  void count(Malformed reason) {
    malformed.add();
    malformed_by_reason[static_cast<size_t>(reason)].add();
  }
  void count(Refused reason, int64_t n = 1) {
    refused.add(n);
    refused_by_reason[static_cast<size_t>(reason)].add(n);
  }
};

// Why a socket could not be read: errno by name.
enum class ReceiveError : uint8_t { no_memory, no_buffers, other };
inline constexpr std::array<std::string_view, 3> kReceiveErrorNames{"ENOMEM", "ENOBUFS", "other"};
inline constexpr size_t kReceiveErrorCount = kReceiveErrorNames.size();

// For code that adds to an entry for a while: until released, the entry is not reused, even if its row is evicted.
class LedgerHold {
 public:
  explicit LedgerHold(LedgerEntry& entry) : entry_(&entry) { entry.holders.fetch_add(1, std::memory_order_relaxed); }
  LedgerHold(LedgerHold&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  LedgerHold& operator=(LedgerHold&& other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }
  ~LedgerHold() {
    if (entry_) entry_->holders.fetch_sub(1, std::memory_order_release);
  }
  LedgerEntry& operator*() const { return *entry_; }
  LedgerEntry* operator->() const { return entry_; }

 private:
  LedgerEntry* entry_;
};

// One receiving socket.
struct SocketCounts {
  std::string listener;  // "netflow://:2055"
  unsigned worker = 0;
  int receive_buffer_bytes = 0;  // granted
  Counter datagrams, bytes;
  Counter kernel_drops;  // datagrams; part of the exporters' sequence_lost, never added to it
  Counter not_allowed;   // datagrams from senders not in collect.allow; in none of the others
  Counter receive_calls;
  std::array<Counter, kReceiveErrorCount> receive_errors;  // calls that failed
};

// Copies, for display and storage; `datagrams` is read first, `records` last.
struct LedgerRow {
  LedgerKey key;
#define C(name, meaning) int64_t name = 0;
  WEIR_LEDGER_COUNTERS(C)
#undef C
  std::array<int64_t, kMalformedCount> malformed_by_reason{};
  std::array<int64_t, kRefusedCount> refused_by_reason{};
  int64_t first_seen_ns = 0, last_seen_ns = 0, templates = 0, clock_skew_ns = 0, sampling_rate = 0;
};
struct SocketRow {
  std::string listener;
  unsigned worker = 0;
  int receive_buffer_bytes = 0;
  int64_t datagrams = 0, bytes = 0, kernel_drops = 0, not_allowed = 0;
  std::array<int64_t, kReceiveErrorCount> receive_errors{};  // since this process started
};
// What data sets wait for.
struct WaitingRow {
  SessionKey session;
  uint16_t template_id = 0;
  int64_t sets = 0, bytes = 0;
  int64_t since_ns = 0;  // when the oldest of them arrived, since 1970 UTC
};
struct OutputRows {
  std::string name;
  std::vector<DeliveryCounts> counts;  // counts[i] of LedgerSnapshot::entries[i]
  bool is_configured = true;
};
struct LedgerSnapshot {
  int64_t since_ns = 0;            // when counting began
  int64_t at_ns = 0;               // when this copy was made
  std::vector<LedgerRow> entries;  // by exporter, protocol, domain
  std::vector<OutputRows> outputs;
  std::vector<SocketRow> sockets;
  std::vector<WaitingRow> waiting;  // at most limits::kWaitingRows, those with the most sets; most first
  int64_t waiting_templates = 0;    // how many there are in total
};

// What became of a row's records may be known from a later time than how many were decoded: raises the decoded counts
// to at least the settled ones.
void raise_decoded(LedgerRow& row);

// An output has acknowledged at least this many records (`counters`: counter samples) of that exporter, whatever the
// snapshot says.
void raise_acknowledged(LedgerSnapshot& rows, const std::string& output, const LedgerKey& key, bool counters,
                        int64_t count);

class Ledger {
 public:
  // `budget` (null: none) outlives it.
  explicit Ledger(int64_t since_ns, size_t max_rows = limits::kLedgerRows, SenderBudget* budget = nullptr)
      : since_ns_(since_ns),
        max_rows_(max_rows),
        max_slots_(max_rows + max_rows / 4 + 1),
        budget_(budget),
        by_index_(new std::atomic<LedgerEntry*>[max_slots_]()) {}

  // The entry of an exporter, created on first sight; the shared one if there is no space. Takes a lock: cache the
  // result. The row of an entry that is not held may be evicted when another is created.
  LedgerEntry& entry(const LedgerKey& key);
  LedgerHold hold(const LedgerKey& key);
  // The same for a stream: the row stays until `streams` is counted down.
  LedgerHold hold_for_stream(const LedgerKey& key);
  LedgerEntry& at(uint32_t index);
  // Adds an output, which must account for each record of each entry. The first one leads (OutputCounts). Only before
  // any entry is created.
  OutputCounts& add_output(const std::string& name);
  // Counts for an output that joins while the process runs; the ledger does not use them before join_output().
  OutputCounts& prepare_output(const std::string& name);
  // From this call on the output must account for each record. What was decoded before counts as dropped
  // (not_configured), except for what `earlier`, a saved ledger, has for it. Only while no record is on its way from
  // the decoder to the outputs.
  void join_output(OutputCounts& output, const LedgerSnapshot& earlier);
  // The output that was added under that name; null if there is none.
  OutputCounts* find_output(const std::string& name);
  // The same for an output that must exist.
  OutputCounts& output(const std::string& name);
  // Evicts rows without a stream if what is kept for senders takes almost all of the budget, as many as necessary.
  void keep_to_budget();
  SocketCounts& add_socket(const std::string& listener, unsigned worker, int receive_buffer_bytes);

  LedgerSnapshot rows() const;
  // Looks at `limit` entries, from that index on, and calls `see` for those in use, with the lock held. Returns the
  // index to continue from; 0 at the end.
  uint32_t visit(uint32_t from, uint32_t limit, const std::function<void(const LedgerEntry&)>& see) const;
  std::vector<SocketRow> sockets() const;
  // Continues the counts of an earlier run (before any other use but add_output()).
  void restore(const LedgerSnapshot& rows);
  // After restore(): an output has acknowledged at least this many records of an entry, `counters`: counter samples.
  void raise_acknowledged(OutputCounts& output, const LedgerKey& key, bool counters, int64_t count);
  // After these: what an earlier run decoded and an output has not accounted for, because the run was killed, counts as
  // dropped (crash; not_configured, if the run did not have the output). Returns how many records that are for the
  // output that leads.
  int64_t settle_unfinished();

  // Charged to the exporter: the entry, its place in the table and in the one for catalog.db, and the outputs' counts.
  size_t row_bytes() const { return kEntryBytes + outputs_.size() * sizeof(DeliveryCounts); }

 private:
  static constexpr size_t kEntryBytes = sizeof(LedgerEntry) + 2 * (sizeof(LedgerKey) + 16);

  std::vector<SocketRow> socket_rows() const;
  bool is_settled(const LedgerEntry& entry) const;
  void move_counts(LedgerEntry& from, LedgerEntry& to);
  void add_retired(LedgerSnapshot& rows) const;
  void restore_deliveries(const LedgerSnapshot& rows, size_t row, const LedgerEntry& entry);
  int64_t settle(LedgerEntry& entry);
  static void settle(OutputCounts& output, const LedgerEntry& entry);
  LedgerEntry& entry_locked(const LedgerKey& key);
  LedgerEntry& other();
  LedgerEntry& use_slot(const LedgerKey& key);
  bool has_slot() const;
  void evict_idle(bool too_many);
  void evict(LedgerEntry& entry);
  void reclaim();

  mutable std::mutex mutex_;
  int64_t since_ns_;
  size_t max_rows_, max_slots_;
  SenderBudget* const budget_;
  std::pmr::deque<LedgerEntry> entries_{os::object_memory()};
  // entries_[i] without the lock: set before the index is handed out.
  std::unique_ptr<std::atomic<LedgerEntry*>[]> by_index_;
  std::deque<OutputCounts> prepared_;   // all there ever were
  std::vector<OutputCounts*> outputs_;  // those that account for records
  absl::flat_hash_map<LedgerKey, LedgerEntry*> by_key_;
  std::deque<LedgerEntry*> retired_;  // not in by_key_; something may still add to them
  std::vector<LedgerEntry*> free_;    // nothing does
  size_t refusals_left_ = 0;          // newcomers to refuse before the next search for space
  std::deque<SocketCounts> sockets_;
  std::vector<SocketRow> earlier_sockets_;
};

}  // namespace weir
