// SPDX-License-Identifier: Apache-2.0
// Segment files below a data directory that no list names: nobody reads or removes them, but they take room. The loss
// of catalog.db leaves some, and so does whoever copies files into the folders.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "run/worker.h"
#include "store/segments.h"

namespace weir {

struct Unlisted {
  uint64_t files = 0, bytes = 0;
};

// `before`: the list as it was. It is read once more after the folders were looked through, for segments come and go
// meanwhile. Throws as Segments::read().
Unlisted find_unlisted(const std::string& data, const std::vector<Segment>& before);

// Looks for them at its start and every kEveryNs, in a thread of low priority of its own: with 50,000 segments a look
// takes a while, and holds no lock.
class UnlistedLook {
 public:
  static constexpr int64_t kEveryNs = 600'000'000'000;
  explicit UnlistedLook(std::string data);
  ~UnlistedLook();

  void start();
  void request_stop();
  // Once the look that is going on is over, the first one at least.
  void stop();
  // As last looked for; any thread.
  Unlisted last() const { return {files_.load(std::memory_order_relaxed), bytes_.load(std::memory_order_relaxed)}; }

 private:
  void work(const std::stop_token& stop);
  void look();

  const std::string data_;
  std::atomic<uint64_t> files_{0}, bytes_{0};
  std::mutex mutex_;
  std::condition_variable_any stopped_;
  std::optional<Worker> worker_;
};

}  // namespace weir
