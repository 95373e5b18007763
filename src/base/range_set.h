// SPDX-License-Identifier: Apache-2.0
// RangeSet: a set of whole numbers as ranges, in order, that neither overlap nor touch. Two sets with the same numbers
// are equal.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace weir {

__extension__ typedef unsigned __int128 Uint128;

// T: an unsigned integer.
template <class T>
struct Range {
  T first = 0, last = 0;  // both included
  bool operator==(const Range&) const = default;
};

template <class T>
class RangeSet {
 public:
  RangeSet() = default;
  // In any order, overlapping or not.
  explicit RangeSet(std::vector<Range<T>> ranges) : ranges_(std::move(ranges)) {
    std::ranges::sort(ranges_, {}, &Range<T>::first);
    std::vector<Range<T>> merged;
    for (const Range<T>& range : ranges_) {
      if (!merged.empty() && (range.first <= merged.back().last || range.first - 1 == merged.back().last))
        merged.back().last = std::max(merged.back().last, range.last);
      else
        merged.push_back(range);
    }
    ranges_ = std::move(merged);
  }

  bool contains(T number) const {
    auto after = std::ranges::upper_bound(ranges_, number, {}, &Range<T>::first);
    return after != ranges_.begin() && number <= std::prev(after)->last;
  }
  const std::vector<Range<T>>& ranges() const { return ranges_; }
  bool empty() const { return ranges_.empty(); }
  // The number, if the set has a single one.
  const T* only() const {
    return ranges_.size() == 1 && ranges_[0].first == ranges_[0].last ? &ranges_[0].first : nullptr;
  }
  bool operator==(const RangeSet&) const = default;

 private:
  std::vector<Range<T>> ranges_;
};

using NumberSet = RangeSet<uint64_t>;

}  // namespace weir
