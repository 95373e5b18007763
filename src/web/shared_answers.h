// SPDX-License-Identifier: Apache-2.0
// SharedAnswers: shares one answer among the readers that are reading it, so that slow readers do not each hold a copy.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace weir {

// For one thread. A value is made for each request unless one younger than a second is still being read; while kMax
// values are being read, no more are made and the youngest is shared, however old it is (http_connection.h limits how
// long a reader may take).
template <class Value>
class SharedAnswers {
 public:
  static constexpr size_t kMax = 2;
  static constexpr int64_t kShareNs = 1'000'000'000;

  std::shared_ptr<const Value> get(int64_t now_ns, const std::function<Value()>& make) {
    std::erase_if(made_, [](const Made& made) { return made.value.expired(); });
    if (!made_.empty() && (made_.size() >= kMax || now_ns - made_.back().at_ns < kShareNs))
      return made_.back().value.lock();
    auto value = std::make_shared<const Value>(make());
    made_.push_back({value, now_ns});
    return value;
  }

 private:
  struct Made {
    std::weak_ptr<const Value> value;
    int64_t at_ns;
  };
  std::vector<Made> made_;  // the youngest last
};

}  // namespace weir
