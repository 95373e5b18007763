// SPDX-License-Identifier: Apache-2.0
// Who goes first where a table of senders is full: what never gave a record, of the address that holds most; then, of
// the addresses over a fair share, the idlest. So a flood from many addresses, each of which holds little, takes
// nothing from who gives records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ip_address.h"
#include "base/sender_budget.h"

namespace weir {

struct EvictionEntry {
  IpAddress exporter;
  bool gave = false;    // a record was decoded of it
  int64_t seen_ns = 0;  // last time
  const void* what = nullptr;
};

// The entries in the order in which they should go. Costs a sort of them: free many at once.
//
// Where there are too many of them: all, what is over a fair share of `most` first.
std::vector<const void*> eviction_order(std::vector<EvictionEntry> entries, size_t limit);
// Where they are too large: what never gave a record, of addresses within a fair share the idlest; then what others
// hold over a fair share.
std::vector<const void*> eviction_order(std::vector<EvictionEntry> entries, const SenderBudget& budget);

}  // namespace weir
