// SPDX-License-Identifier: Apache-2.0
// Ledger: making room for the rows of new exporters.
//
// An account is found by its index, which batches carry, so its memory outlives its row. A row that goes is *retired*:
// its counts are added to those of the row "other", and what somebody still adds to it goes there too. Once nobody can
// (no stream, no AccountHold, no batch on its way), the memory is another row's.
#include "base/eviction.h"
#include "ledger/ledger.h"

namespace weir {
namespace {

constexpr size_t kShare = 8;         // what part of the rows goes when room is made
constexpr size_t kLookedAt = 64;     // retired accounts, for one newcomer
constexpr size_t kWithoutRoom = 64;  // part of the rows that newcomers may be before the next look

void move(Counter& from, Counter& to) {
  if (int64_t n = from.take()) to.add(n);
}

}  // namespace

void Ledger::move_counts(Account& from, Account& to) {
#define C(name, meaning) move(from.name, to.name);
  WEIR_ACCOUNT_COUNTERS(C)
#undef C
  for (size_t i = 0; i < kMalformedCount; ++i) move(from.malformed_by_reason[i], to.malformed_by_reason[i]);
  for (size_t i = 0; i < kRefusedCount; ++i) move(from.refused_by_reason[i], to.refused_by_reason[i]);
  to.add_seen(from.first_seen_ns.value(), from.last_seen_ns.value());
  for (OutputAccount* output : outputs_) output->move(from.index, to.index);
}

Account& Ledger::account(const AccountKey& key) {
  std::lock_guard lock(mutex_);
  return account_locked(key);
}

AccountHold Ledger::hold(const AccountKey& key) {
  std::lock_guard lock(mutex_);
  return AccountHold(account_locked(key));
}

AccountHold Ledger::hold_for_stream(const AccountKey& key) {
  std::lock_guard lock(mutex_);
  Account& account = account_locked(key);
  account.streams.fetch_add(1, std::memory_order_relaxed);
  return AccountHold(account);
}

Account& Ledger::account_locked(const AccountKey& key) {
  auto found = by_key_.find(key);
  if (found != by_key_.end()) return *found->second;
  if (key == AccountKey{}) return other();
  auto too_many = [&] { return by_key_.size() >= most_rows_; };
  auto too_large = [&] { return budget_ && !budget_->may_keep(key.exporter, row_bytes()); };
  if (too_many() || too_large() || (budget_ && budget_->is_over())) {
    if (without_room_ == 0) make_room(too_many());
    if (without_room_ > 0) --without_room_;
    if (too_many() || too_large()) return other();
  }
  reclaim();
  if (!has_slot()) return other();
  if (budget_) budget_->add(key.exporter, row_bytes());
  return use_slot(key);
}

void Ledger::keep_to_budget() {
  std::lock_guard lock(mutex_);
  if (budget_ && budget_->total() > budget_->most() - budget_->most() / kShare) make_room(false);
}

// But one, which is kept for the row "other".
bool Ledger::has_slot() const {
  const size_t kept = by_key_.contains(AccountKey{}) ? 0 : 1;
  return free_.size() + (most_slots_ - accounts_.size()) > kept;
}

Account& Ledger::other() {
  auto found = by_key_.find(AccountKey{});
  return found != by_key_.end() ? *found->second : use_slot(AccountKey{});
}

Account& Ledger::use_slot(const AccountKey& key) {
  Account* account;
  if (!free_.empty()) {
    account = free_.back();
    free_.pop_back();
    account->retired.store(false, std::memory_order_relaxed);
  } else {
    account = &accounts_.emplace_back();
    account->index = static_cast<uint32_t>(accounts_.size() - 1);
    by_index_[account->index].store(account, std::memory_order_release);
  }
  account->key = key;
  by_key_[key] = account;
  return *account;
}

// Rows without a stream, whose records are all accounted for. `too_many`: else they are too large.
void Ledger::make_room(bool too_many) {
  std::vector<EvictionEntry> entries;
  for (const auto& [key, account] : by_key_)
    if (account->streams.load(std::memory_order_relaxed) == 0 && account->held.value() == 0 && is_settled(*account) &&
        key != AccountKey{})
      entries.push_back({key.exporter, account->gave_records(), account->last_seen_ns.value(), account});
  const size_t rows_before = by_key_.size();
  const size_t rows_after = most_rows_ - std::max<size_t>(most_rows_ / kShare, 1);
  auto enough = [&] {
    if (too_many) return by_key_.size() <= rows_after;
    return budget_->total() <= budget_->most() - budget_->most() / kShare;
  };
  auto order = too_many ? eviction_order(std::move(entries), most_rows_) : eviction_order(std::move(entries), *budget_);
  for (const void* what : order) {
    if (enough() || retired_.size() >= most_slots_ - most_rows_ - 1) break;
    evict(*static_cast<Account*>(const_cast<void*>(what)));
    if (retired_.size() >= kLookedAt) reclaim();
  }
  const bool little = rows_before - by_key_.size() < std::max<size_t>(most_rows_ / kWithoutRoom, 1);
  without_room_ = little ? most_rows_ / kWithoutRoom : 0;
}

void Ledger::evict(Account& account) {
  move_counts(account, other());
  by_key_.erase(AccountKey(account.key));
  if (budget_) budget_->remove(account.key.exporter, row_bytes());
  account.retired.store(true, std::memory_order_relaxed);
  retired_.push_back(&account);
}

// Some of the retired accounts, if nobody can add to them any more.
void Ledger::reclaim() {
  for (size_t left = std::min(retired_.size(), kLookedAt); left > 0; --left) {
    Account* account = retired_.front();
    retired_.pop_front();
    const bool held = account->holders.load(std::memory_order_acquire) > 0;
    if (held || !is_settled(*account)) {
      retired_.push_back(account);
      continue;
    }
    move_counts(*account, other());
    for (Counter* state : {&account->first_seen_ns, &account->last_seen_ns, &account->clock_skew_ns,
                           &account->templates, &account->sampling_rate})
      state->set(0);
    free_.push_back(account);
  }
}

}  // namespace weir
