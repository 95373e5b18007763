// SPDX-License-Identifier: Apache-2.0
// AllowedSenders: whose datagrams are taken (collect.allow), by source address.
//
//   threads  set() one at a time; a View belongs to one worker
//   time     a change is seen with the next read of the sockets
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "base/network.h"

namespace weir {

class AllowedSenders {
 public:
  // No networks: everybody.
  explicit AllowedSenders(std::vector<Network> networks = {});
  void set(std::vector<Network> networks);

  // What one worker asks.
  class View {
   public:
    explicit View(const AllowedSenders& senders) : senders_(senders) { look(); }
    // Takes over a change.
    void look();
    bool allows(const IpAddress& source);

   private:
    const AllowedSenders& senders_;
    uint32_t version_ = 0;
    std::shared_ptr<const std::vector<Network>> networks_;
    IpAddress last_;  // that was allowed: datagrams of one sender often come together
  };

 private:
  std::atomic<uint32_t> version_{1};
  mutable std::mutex mutex_;
  std::shared_ptr<const std::vector<Network>> networks_;
};

}  // namespace weir
