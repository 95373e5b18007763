// SPDX-License-Identifier: Apache-2.0
#include "ledger/output_account.h"

#include <numeric>

#include "base/assert.h"
#include "ledger/ledger.h"

namespace weir {

std::string_view delivery_name(size_t kind) {
  switch (kind) {
    case kDeliveryAcknowledged:
      return "acknowledged";
    case kDeliveryFiltered:
      return "filtered";
    case kCountersAcknowledged:
      return "counters_acknowledged";
    case kCountersFiltered:
      return "counters_filtered";
    case kCountersDropped:
      return "counters_dropped";
    default:
      return kOutputErrorNames[kind - kDeliveryDropped];
  }
}

int64_t DeliveryCounts::settled() const {
  return std::accumulate(of.begin(), of.begin() + kCountersAcknowledged, int64_t{0});
}

int64_t DeliveryCounts::settled_counters() const {
  return std::accumulate(of.begin() + kCountersAcknowledged, of.end(), int64_t{0});
}

void DeliveryCounts::add(const DeliveryCounts& more) {
  for (size_t i = 0; i < kDeliveryCount; ++i) of[i] += more.of[i];
}

OutputAccount::OutputAccount(Ledger& ledger, std::string name, size_t accounts)
    : ledger_(ledger),
      name_(std::move(name)),
      block_count_(accounts / kBlock + 1),
      blocks_(new std::atomic<Block*>[block_count_]()) {}

OutputAccount::~OutputAccount() {
  for (size_t i = 0; i < block_count_; ++i) delete blocks_[i].load(std::memory_order_relaxed);
}

OutputAccount::Delivery& OutputAccount::delivery(uint32_t account) {
  std::atomic<Block*>& at = blocks_[account / kBlock];
  Block* block = at.load(std::memory_order_acquire);
  if (!block) {
    std::lock_guard lock(mutex_);
    block = at.load(std::memory_order_relaxed);
    if (!block) at.store(block = new Block(), std::memory_order_release);
  }
  return block->of[account % kBlock];
}

const OutputAccount::Delivery* OutputAccount::find(uint32_t account) const {
  WEIR_ASSERT(account / kBlock < block_count_);
  const Block* block = blocks_[account / kBlock].load(std::memory_order_acquire);
  return block ? &block->of[account % kBlock] : nullptr;
}

// In each of them the output's own count comes last: Ledger looks at it to tell whether a record is settled.

void OutputAccount::acknowledge(uint32_t account, int64_t records) {
  if (leads_) ledger_.at(account).stored.add_last(records);
  delivery(account)[kDeliveryAcknowledged].add_last(records);
}

void OutputAccount::filter(uint32_t account, int64_t records) {
  delivery(account)[kDeliveryFiltered].add_last(records);
}

void OutputAccount::drop(uint32_t account, OutputError reason, int64_t records) {
  if (leads_) ledger_.at(account).sink_dropped.add_last(records);
  delivery(account)[kDeliveryDropped + static_cast<size_t>(reason)].add_last(records);
}

void OutputAccount::acknowledge_counters(uint32_t account, int64_t samples) {
  if (leads_) ledger_.at(account).counters_stored.add_last(samples);
  delivery(account)[kCountersAcknowledged].add_last(samples);
}

void OutputAccount::filter_counters(uint32_t account, int64_t samples) {
  if (leads_) ledger_.at(account).counters_filtered.add_last(samples);
  delivery(account)[kCountersFiltered].add_last(samples);
}

void OutputAccount::drop_counters(uint32_t account, int64_t samples) {
  if (leads_) ledger_.at(account).counters_dropped.add_last(samples);
  delivery(account)[kCountersDropped].add_last(samples);
}

DeliveryCounts OutputAccount::counts(uint32_t account) const {
  DeliveryCounts counts;
  if (const Delivery* delivery = find(account))
    for (size_t i = 0; i < kDeliveryCount; ++i) counts.of[i] = (*delivery)[i].value();
  return counts;
}

void OutputAccount::add(uint32_t account, const DeliveryCounts& counts) {
  Delivery& to = delivery(account);
  for (size_t i = 0; i < kDeliveryCount; ++i)
    if (counts.of[i] != 0) to[i].add(counts.of[i]);
}

void OutputAccount::move(uint32_t from, uint32_t to) {
  if (!find(from)) return;
  Delivery& moved = delivery(from);
  Delivery& into = delivery(to);
  for (size_t i = 0; i < kDeliveryCount; ++i)
    if (int64_t n = moved[i].take()) into[i].add(n);
}

}  // namespace weir
