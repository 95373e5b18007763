// SPDX-License-Identifier: Apache-2.0
#include "ledger/output_counts.h"

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

OutputCounts::OutputCounts(Ledger& ledger, std::string name, size_t entries)
    : ledger_(ledger),
      name_(std::move(name)),
      block_count_(entries / kBlock + 1),
      blocks_(new std::atomic<Block*>[block_count_]()) {}

OutputCounts::~OutputCounts() {
  for (size_t i = 0; i < block_count_; ++i) delete blocks_[i].load(std::memory_order_relaxed);
}

OutputCounts::Delivery& OutputCounts::delivery(uint32_t entry) {
  std::atomic<Block*>& at = blocks_[entry / kBlock];
  Block* block = at.load(std::memory_order_acquire);
  if (!block) {
    std::lock_guard lock(mutex_);
    block = at.load(std::memory_order_relaxed);
    if (!block) at.store(block = new Block(), std::memory_order_release);
  }
  return block->of[entry % kBlock];
}

const OutputCounts::Delivery* OutputCounts::find(uint32_t entry) const {
  WEIR_ASSERT(entry / kBlock < block_count_);
  const Block* block = blocks_[entry / kBlock].load(std::memory_order_acquire);
  return block ? &block->of[entry % kBlock] : nullptr;
}

// In each of them the output's own count comes last: Ledger uses it to decide whether a record is settled.

void OutputCounts::acknowledge(uint32_t entry, int64_t records) {
  if (leads_) ledger_.at(entry).stored.add_last(records);
  delivery(entry)[kDeliveryAcknowledged].add_last(records);
}

void OutputCounts::filter(uint32_t entry, int64_t records) { delivery(entry)[kDeliveryFiltered].add_last(records); }

void OutputCounts::drop(uint32_t entry, OutputError reason, int64_t records) {
  if (leads_) ledger_.at(entry).sink_dropped.add_last(records);
  delivery(entry)[kDeliveryDropped + static_cast<size_t>(reason)].add_last(records);
}

void OutputCounts::acknowledge_counters(uint32_t entry, int64_t samples) {
  if (leads_) ledger_.at(entry).counters_stored.add_last(samples);
  delivery(entry)[kCountersAcknowledged].add_last(samples);
}

void OutputCounts::filter_counters(uint32_t entry, int64_t samples) {
  if (leads_) ledger_.at(entry).counters_filtered.add_last(samples);
  delivery(entry)[kCountersFiltered].add_last(samples);
}

void OutputCounts::drop_counters(uint32_t entry, int64_t samples) {
  if (leads_) ledger_.at(entry).counters_dropped.add_last(samples);
  delivery(entry)[kCountersDropped].add_last(samples);
}

DeliveryCounts OutputCounts::counts(uint32_t entry) const {
  DeliveryCounts counts;
  if (const Delivery* delivery = find(entry))
    for (size_t i = 0; i < kDeliveryCount; ++i) counts.of[i] = (*delivery)[i].value();
  return counts;
}

void OutputCounts::add(uint32_t entry, const DeliveryCounts& counts) {
  Delivery& to = delivery(entry);
  for (size_t i = 0; i < kDeliveryCount; ++i)
    if (counts.of[i] != 0) to[i].add(counts.of[i]);
}

void OutputCounts::move(uint32_t from, uint32_t to) {
  if (!find(from)) return;
  Delivery& moved = delivery(from);
  Delivery& into = delivery(to);
  for (size_t i = 0; i < kDeliveryCount; ++i)
    if (int64_t n = moved[i].take()) into[i].add(n);
}

}  // namespace weir
