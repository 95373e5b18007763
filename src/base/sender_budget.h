// SPDX-License-Identifier: Apache-2.0
// The one budget, in bytes, of all that is kept of senders: streams, sessions, plans, templates, options, held data
// sets, ledger rows. It is shared fairly by exporter address: whoever holds less than a fair share may always have
// more, and what is too much then is taken first from what never gave a record, then from those that hold more
// (base/eviction.h, senders/streams.h).
//
//   threads  any; one lock, taken only where what is kept changes, never for a record
//   memory   one entry an address that holds anything
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
  explicit SenderBudget(size_t max_bytes) : max_bytes_(max_bytes) {}

  // So many bytes more are kept of that exporter. Never refuses: ask may_keep() before.
  void add(const IpAddress& exporter, size_t bytes);
  // They are not kept any more.
  void remove(const IpAddress& exporter, size_t bytes);

  // Whether so many bytes more may be kept of it: they fit the budget, or it would still hold no more than a fair
  // share. In the latter case is_over() tells that others have to give something up.
  bool may_keep(const IpAddress& exporter, size_t bytes) const;

  bool is_over() const { return total() > limit(); }
  size_t total() const { return total_.load(std::memory_order_relaxed); }
  size_t limit() const { return max_bytes_.load(std::memory_order_relaxed); }
  // Where it is less than what is kept, the next newcomers find no room until others have given something up.
  void set_max(size_t bytes) { max_bytes_.store(bytes, std::memory_order_relaxed); }
  size_t of(const IpAddress& exporter) const;
  // The budget over all addresses that hold anything.
  size_t fair_share() const;

  struct Holding {
    IpAddress exporter;
    size_t bytes = 0;
  };
  std::vector<Holding> holdings() const;  // in no order

 private:
  std::atomic<size_t> max_bytes_;
  std::atomic<size_t> total_{0};
  mutable std::mutex mutex_;
  absl::flat_hash_map<IpAddress, size_t> by_exporter_;
};

}  // namespace weir
