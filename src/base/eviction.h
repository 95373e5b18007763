// SPDX-License-Identifier: Apache-2.0
// Decides which entry is evicted first when a table of senders is full: entries that never produced a record, from the
// address that holds most; then, from the addresses above a fair share, the idlest ones. So a flood from many
// addresses, each of which holds little, takes nothing away from exporters that send records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ip_address.h"
#include "base/sender_budget.h"

namespace weir {

struct EvictionEntry {
  IpAddress exporter;
  bool gave = false;    // a record was decoded from it
  int64_t seen_ns = 0;  // time of the last activity
  const void* what = nullptr;
};

// The entries in the order in which they should be evicted. Each call sorts them, so free many at once.
//
// For too many entries: returns all of them, what exceeds a fair share of `limit` first.
std::vector<const void*> eviction_order(std::vector<EvictionEntry> entries, size_t limit);
// For too many bytes: first what never produced a record (among addresses within a fair share, the idlest first), then
// entries with records of addresses above a fair share.
std::vector<const void*> eviction_order(std::vector<EvictionEntry> entries, const SenderBudget& budget);

}  // namespace weir
