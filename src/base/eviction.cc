// SPDX-License-Identifier: Apache-2.0
#include "base/eviction.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <functional>
#include <tuple>

namespace weir {
namespace {

// An entry, and what its address still holds when this entry's turn to be evicted comes.
struct Ranked {
  size_t level;
  const EvictionEntry* entry;
};

// `amount` is called with an address and its number of entries and returns what the address holds in all; that is taken
// as spread evenly over the entries. Within an address, entries that never produced a record get the highest levels,
// then the idlest ones.
std::vector<Ranked> rank(std::vector<EvictionEntry>& entries,
                         const std::function<size_t(const IpAddress&, size_t)>& amount) {
  std::ranges::sort(entries, [](const EvictionEntry& a, const EvictionEntry& b) {
    return std::tie(a.exporter, b.gave, b.seen_ns) < std::tie(b.exporter, a.gave, a.seen_ns);
  });
  std::vector<Ranked> ranked;
  ranked.reserve(entries.size());
  for (auto first = entries.begin(); first != entries.end();) {
    auto last =
        std::find_if(first, entries.end(), [&](const EvictionEntry& e) { return e.exporter != first->exporter; });
    const auto count = static_cast<size_t>(last - first);
    const size_t each = amount(first->exporter, count) / count;
    for (auto entry = first; entry != last; ++entry)
      ranked.push_back({each * (static_cast<size_t>(entry - first) + 1), &*entry});
    first = last;
  }
  return ranked;
}

// `share`: addresses above it give up entries that have produced records before any other address does. `alike`: levels
// below it count as equal, so that the idlest entry is evicted.
std::vector<const void*> in_order(std::vector<Ranked>& ranked, size_t share, size_t alike) {
  auto key = [&](const Ranked& r) {
    const int kind = !r.entry->gave ? 0 : r.level > share ? 1 : 2;
    return std::tuple(kind, kind == 0 ? SIZE_MAX - std::max(r.level, alike) : 0, r.entry->seen_ns);
  };
  std::ranges::sort(ranked, {}, key);
  std::vector<const void*> order;
  order.reserve(ranked.size());
  for (const Ranked& r : ranked) order.push_back(r.entry->what);
  return order;
}

}  // namespace

std::vector<const void*> eviction_order(std::vector<EvictionEntry> entries, size_t limit) {
  size_t addresses = 0;
  std::vector<Ranked> ranked = rank(entries, [&](const IpAddress&, size_t count) {
    ++addresses;
    return count;
  });
  return in_order(ranked, limit / std::max<size_t>(addresses, 1), 1);
}

std::vector<const void*> eviction_order(std::vector<EvictionEntry> entries, const SenderBudget& budget) {
  absl::flat_hash_map<IpAddress, size_t> held;
  for (const SenderBudget::Holding& holding : budget.holdings()) held[holding.exporter] = holding.bytes;
  const size_t share = budget.fair_share();
  std::vector<Ranked> ranked = rank(entries, [&](const IpAddress& exporter, size_t) {
    auto found = held.find(exporter);
    return found == held.end() ? 0 : found->second;
  });
  // The highest level of an address equals what the address holds in all, apart from rounding in the division.
  std::erase_if(ranked, [&](const Ranked& r) { return r.entry->gave && r.level <= share; });
  return in_order(ranked, share, share);
}

}  // namespace weir
