// SPDX-License-Identifier: Apache-2.0
// Values<T>: a vector of numbers whose resize() leaves new elements uninitialised, for code that then writes all of
// them: zeroing them first costs measurable time, because every value of every flow goes through here.
#pragma once

#include <memory>
#include <type_traits>
#include <vector>

namespace weir {

template <class T>
struct UnsetAllocator : std::allocator<T> {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
  template <class U>
  struct rebind {
    using other = UnsetAllocator<U>;
  };
  template <class U>
  void construct(U*) noexcept {}
  template <class U, class Arg>
  void construct(U* at, Arg&& value) noexcept {
    std::construct_at(at, std::forward<Arg>(value));
  }
};

template <class T>
using Values = std::vector<T, UnsetAllocator<T>>;

}  // namespace weir
