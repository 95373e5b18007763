// SPDX-License-Identifier: Apache-2.0
// Finds segment files below a data directory that no list names: nothing reads or removes them, but they take space.
// The loss of catalog.db leaves some, and so does anyone who copies files into the folders.
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

// `before`: the list before the folders are searched. The list is read once more afterwards, because segments are added
// and removed in the meantime. Throws as Segments::read() does.
Unlisted find_unlisted(const std::string& data, const std::vector<Segment>& before);

// Searches for them at start and every kEveryNs, in its own thread of low priority: with 50,000 segments a search takes
// a while; it holds no lock.
class UnlistedLook {
 public:
  static constexpr int64_t kEveryNs = 600'000'000'000;
  explicit UnlistedLook(std::string data);
  ~UnlistedLook();

  void start();
  void request_stop();
  // Waits until the search in progress is finished; the first one is always made.
  void stop();
  // The result of the last search; from any thread.
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
