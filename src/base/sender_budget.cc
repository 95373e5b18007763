// SPDX-License-Identifier: Apache-2.0
#include "base/sender_budget.h"

#include <algorithm>

#include "base/assert.h"

namespace weir {

void SenderBudget::add(const IpAddress& exporter, size_t bytes) {
  if (bytes == 0) return;
  std::lock_guard lock(mutex_);
  by_exporter_[exporter] += bytes;
  total_.fetch_add(bytes, std::memory_order_relaxed);
}

void SenderBudget::remove(const IpAddress& exporter, size_t bytes) {
  if (bytes == 0) return;
  std::lock_guard lock(mutex_);
  auto found = by_exporter_.find(exporter);
  WEIR_ASSERT(found != by_exporter_.end() && found->second >= bytes);
  found->second -= bytes;
  if (found->second == 0) by_exporter_.erase(found);
  total_.fetch_sub(bytes, std::memory_order_relaxed);
}

bool SenderBudget::may_keep(const IpAddress& exporter, size_t bytes) const {
  std::lock_guard lock(mutex_);
  if (total() + bytes <= limit()) return true;
  auto found = by_exporter_.find(exporter);
  const bool is_new = found == by_exporter_.end();
  const size_t held = is_new ? 0 : found->second;
  return held + bytes <= limit() / (by_exporter_.size() + (is_new ? 1 : 0));
}

size_t SenderBudget::of(const IpAddress& exporter) const {
  std::lock_guard lock(mutex_);
  auto found = by_exporter_.find(exporter);
  return found == by_exporter_.end() ? 0 : found->second;
}

size_t SenderBudget::fair_share() const {
  std::lock_guard lock(mutex_);
  return limit() / std::max<size_t>(by_exporter_.size(), 1);
}

std::vector<SenderBudget::Holding> SenderBudget::holdings() const {
  std::lock_guard lock(mutex_);
  std::vector<Holding> all;
  all.reserve(by_exporter_.size());
  for (const auto& [exporter, bytes] : by_exporter_) all.push_back({exporter, bytes});
  return all;
}

}  // namespace weir
