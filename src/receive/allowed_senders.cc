// SPDX-License-Identifier: Apache-2.0
#include "receive/allowed_senders.h"

#include <algorithm>
#include <utility>

namespace weir {

AllowedSenders::AllowedSenders(std::vector<Network> networks) { set(std::move(networks)); }

void AllowedSenders::set(std::vector<Network> networks) {
  auto list = std::make_shared<const std::vector<Network>>(std::move(networks));
  std::lock_guard lock(mutex_);
  networks_ = std::move(list);
  version_.fetch_add(1, std::memory_order_release);
}

void AllowedSenders::View::look() {
  if (version_ == senders_.version_.load(std::memory_order_acquire)) return;
  std::lock_guard lock(senders_.mutex_);
  version_ = senders_.version_.load(std::memory_order_relaxed);
  networks_ = senders_.networks_;
  last_ = {};
}

bool AllowedSenders::View::allows(const IpAddress& source) {
  if (networks_->empty() || (source == last_ && !last_.is_zero())) return true;
  if (!std::ranges::any_of(*networks_, [&](const Network& network) { return network.contains(source); })) return false;
  last_ = source;
  return true;
}

}  // namespace weir
