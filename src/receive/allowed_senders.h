// SPDX-License-Identifier: Apache-2.0
// AllowedSenders: decides by source address whose datagrams are accepted (collect.allow).
//
//   threads  set() one at a time; a View belongs to one worker
//   time     a change takes effect with the next read of the sockets
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "base/network.h"

namespace weir {

class AllowedSenders {
 public:
  // No networks: all senders are allowed.
  explicit AllowedSenders(std::vector<Network> networks = {});
  void set(std::vector<Network> networks);

  // One worker's access to the list.
  class View {
   public:
    explicit View(const AllowedSenders& senders) : senders_(senders) { look(); }
    // Applies a change, if there was one.
    void look();
    bool allows(const IpAddress& source);

   private:
    const AllowedSenders& senders_;
    uint32_t version_ = 0;
    std::shared_ptr<const std::vector<Network>> networks_;
    IpAddress last_;  // last address allowed: datagrams of one sender often arrive together
  };

 private:
  std::atomic<uint32_t> version_{1};
  mutable std::mutex mutex_;
  std::shared_ptr<const std::vector<Network>> networks_;
};

}  // namespace weir
