// SPDX-License-Identifier: Apache-2.0
// Ledger: evicts rows to free space for those of new exporters.
//
// An entry is found by its index, which batches contain, so its memory outlives its row. A row that is evicted is
// *retired*: its counts are added to those of the row "other", and what is still added to it is moved there too. Once
// nothing can add to it (no stream, no LedgerHold, no batch on its way), the memory is reused for another row.
#include "base/eviction.h"
#include "ledger/ledger.h"

namespace weir {
namespace {

constexpr size_t kShare = 8;           // 1/kShare of the rows is evicted when space is needed
constexpr size_t kLookedAt = 64;       // retired entries, for one newcomer
constexpr size_t kRefusedAtOnce = 64;  // 1/kRefusedAtOnce of the rows: newcomers refused before the next search

void move(Counter& from, Counter& to) {
  if (int64_t n = from.take()) to.add(n);
}

}  // namespace

void Ledger::move_counts(LedgerEntry& from, LedgerEntry& to) {
#define C(name, meaning) move(from.name, to.name);
  WEIR_LEDGER_COUNTERS(C)
#undef C
  for (size_t i = 0; i < kMalformedCount; ++i) move(from.malformed_by_reason[i], to.malformed_by_reason[i]);
  for (size_t i = 0; i < kRefusedCount; ++i) move(from.refused_by_reason[i], to.refused_by_reason[i]);
  to.add_seen(from.first_seen_ns.value(), from.last_seen_ns.value());
  for (OutputCounts* output : outputs_) output->move(from.index, to.index);
}

LedgerEntry& Ledger::entry(const LedgerKey& key) {
  std::lock_guard lock(mutex_);
  return entry_locked(key);
}

LedgerHold Ledger::hold(const LedgerKey& key) {
  std::lock_guard lock(mutex_);
  return LedgerHold(entry_locked(key));
}

LedgerHold Ledger::hold_for_stream(const LedgerKey& key) {
  std::lock_guard lock(mutex_);
  LedgerEntry& entry = entry_locked(key);
  entry.streams.fetch_add(1, std::memory_order_relaxed);
  return LedgerHold(entry);
}

LedgerEntry& Ledger::entry_locked(const LedgerKey& key) {
  auto found = by_key_.find(key);
  if (found != by_key_.end()) return *found->second;
  if (key == LedgerKey{}) return other();
  auto too_many = [&] { return by_key_.size() >= max_rows_; };
  auto too_large = [&] { return budget_ && !budget_->may_keep(key.exporter, row_bytes()); };
  if (too_many() || too_large() || (budget_ && budget_->is_over())) {
    if (refusals_left_ == 0) evict_idle(too_many());
    if (refusals_left_ > 0) --refusals_left_;
    if (too_many() || too_large()) return other();
  }
  reclaim();
  if (!has_slot()) return other();
  if (budget_) budget_->add(key.exporter, row_bytes());
  return use_slot(key);
}

void Ledger::keep_to_budget() {
  std::lock_guard lock(mutex_);
  if (budget_ && budget_->total() > budget_->limit() - budget_->limit() / kShare) evict_idle(false);
}

// Whether an entry is free, besides one that is kept for the row "other".
bool Ledger::has_slot() const {
  const size_t kept = by_key_.contains(LedgerKey{}) ? 0 : 1;
  return free_.size() + (max_slots_ - entries_.size()) > kept;
}

LedgerEntry& Ledger::other() {
  auto found = by_key_.find(LedgerKey{});
  return found != by_key_.end() ? *found->second : use_slot(LedgerKey{});
}

LedgerEntry& Ledger::use_slot(const LedgerKey& key) {
  LedgerEntry* entry;
  if (!free_.empty()) {
    entry = free_.back();
    free_.pop_back();
    entry->retired.store(false, std::memory_order_relaxed);
  } else {
    entry = &entries_.emplace_back();
    entry->index = static_cast<uint32_t>(entries_.size() - 1);
    by_index_[entry->index].store(entry, std::memory_order_release);
  }
  entry->key = key;
  by_key_[key] = entry;
  return *entry;
}

// Evicts rows without a stream, whose records are all accounted for. `too_many`: by number; else by size.
void Ledger::evict_idle(bool too_many) {
  std::vector<EvictionEntry> entries;
  for (const auto& [key, entry] : by_key_)
    if (entry->streams.load(std::memory_order_relaxed) == 0 && entry->held.value() == 0 && is_settled(*entry) &&
        key != LedgerKey{})
      entries.push_back({key.exporter, entry->gave_records(), entry->last_seen_ns.value(), entry});
  const size_t rows_before = by_key_.size();
  const size_t rows_after = max_rows_ - std::max<size_t>(max_rows_ / kShare, 1);
  auto enough = [&] {
    if (too_many) return by_key_.size() <= rows_after;
    return budget_->total() <= budget_->limit() - budget_->limit() / kShare;
  };
  auto order = too_many ? eviction_order(std::move(entries), max_rows_) : eviction_order(std::move(entries), *budget_);
  for (const void* what : order) {
    if (enough() || retired_.size() >= max_slots_ - max_rows_ - 1) break;
    evict(*static_cast<LedgerEntry*>(const_cast<void*>(what)));
    if (retired_.size() >= kLookedAt) reclaim();
  }
  const bool little = rows_before - by_key_.size() < std::max<size_t>(max_rows_ / kRefusedAtOnce, 1);
  refusals_left_ = little ? max_rows_ / kRefusedAtOnce : 0;
}

void Ledger::evict(LedgerEntry& entry) {
  move_counts(entry, other());
  by_key_.erase(LedgerKey(entry.key));
  if (budget_) budget_->remove(entry.key.exporter, row_bytes());
  entry.retired.store(true, std::memory_order_relaxed);
  retired_.push_back(&entry);
}

// Frees some of the retired entries, if nothing can add to them any more.
void Ledger::reclaim() {
  for (size_t left = std::min(retired_.size(), kLookedAt); left > 0; --left) {
    LedgerEntry* entry = retired_.front();
    retired_.pop_front();
    const bool held = entry->holders.load(std::memory_order_acquire) > 0;
    if (held || !is_settled(*entry)) {
      retired_.push_back(entry);
      continue;
    }
    move_counts(*entry, other());
    for (Counter* state :
         {&entry->first_seen_ns, &entry->last_seen_ns, &entry->clock_skew_ns, &entry->templates, &entry->sampling_rate})
      state->set(0);
    free_.push_back(entry);
  }
}

}  // namespace weir
