// SPDX-License-Identifier: Apache-2.0
// Memory for what is kept of each sender and looked at with each of its datagrams.
//
// Of ten thousand senders the objects would else lie among all that is seldom needed, each on a memory page of its own,
// and finding the pages takes longer than fetching what is on them: a CPU remembers some 2,000. Here they stand side by
// side, in huge pages where the kernel gives them (/sys/kernel/mm/transparent_hugepage/enabled: madvise or always).
//
//   threads  any
//   failure  std::bad_alloc
#pragma once

#include <absl/container/flat_hash_map.h>

#include <functional>
#include <memory>
#include <memory_resource>
#include <utility>

namespace weir::os {

// For many small objects. What is given back is used again for others of that size, and stays with this process.
std::pmr::memory_resource* object_memory();
// For few large blocks, which go back to the system.
std::pmr::memory_resource* table_memory();

template <class T, class... Arguments>
std::shared_ptr<T> make_shared_state(Arguments&&... arguments) {
  return std::allocate_shared<T>(std::pmr::polymorphic_allocator<T>(object_memory()),
                                 std::forward<Arguments>(arguments)...);
}

// To be made as StateMap<..> map{table_memory()}.
template <class Key, class Value>
using StateMap = absl::flat_hash_map<Key, Value, absl::Hash<Key>, std::equal_to<Key>,
                                     std::pmr::polymorphic_allocator<std::pair<const Key, Value>>>;

}  // namespace weir::os
