// SPDX-License-Identifier: Apache-2.0
// The byte budget of all state kept about senders: streams, sessions, plans, templates, options, held data sets, ledger
// rows. It is shared fairly by exporter address: an address below a fair share may always get more, and the excess is
// then taken first from what never produced a record, then from addresses that hold more (base/eviction.h,
// senders/streams.h).
//
//   threads  any; one lock, taken only when the kept state changes, never per record
//   memory   one entry per address that holds anything
#pragma once

#include <absl/container/flat_hash_map.h>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <vector>

#include "base/ip_address.h"

namespace weir {

class SenderBudget {
 public:
  explicit SenderBudget(size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  // Records that `bytes` more are kept for that exporter. Never refuses: call may_keep() first.
  void add(const IpAddress& exporter, size_t bytes);
  // Records that they are not kept any more.
  void remove(const IpAddress& exporter, size_t bytes);

  // Whether `bytes` more may be kept for it: they fit into the budget, or the exporter would still be within a fair
  // share. In the latter case is_over() is true and others have to give something up.
  bool may_keep(const IpAddress& exporter, size_t bytes) const;

  bool is_over() const { return total() > limit(); }
  size_t total() const { return total_.load(std::memory_order_relaxed); }
  size_t limit() const { return limit_bytes_.load(std::memory_order_relaxed); }
  // If that is less than what is kept, new senders are refused until others have given something up.
  void set_limit(size_t bytes) { limit_bytes_.store(bytes, std::memory_order_relaxed); }
  size_t of(const IpAddress& exporter) const;
  // The budget divided by the number of addresses that hold anything.
  size_t fair_share() const;

  struct Holding {
    IpAddress exporter;
    size_t bytes = 0;
  };
  std::vector<Holding> holdings() const;  // in no particular order

 private:
  std::atomic<size_t> limit_bytes_;
  std::atomic<size_t> total_{0};
  mutable std::mutex mutex_;
  absl::flat_hash_map<IpAddress, size_t> by_exporter_;
};

}  // namespace weir
