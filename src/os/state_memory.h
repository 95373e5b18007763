// SPDX-License-Identifier: Apache-2.0
// Memory for the per-sender state that is accessed with each of the sender's datagrams.
//
// With ten thousand senders these objects would otherwise be scattered among rarely used data, each on its own memory
// page, and the address translation would take longer than fetching the data: a CPU caches some 2,000 translations.
// Here the objects are adjacent, in huge pages if the kernel provides them
// (/sys/kernel/mm/transparent_hugepage/enabled: madvise or always).
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

// For many small objects. Freed memory is reused for others of that size and is never returned to the system.
std::pmr::memory_resource* object_memory();
// For few large blocks, which are returned to the system when freed.
std::pmr::memory_resource* table_memory();

template <class T, class... Arguments>
std::shared_ptr<T> make_shared_state(Arguments&&... arguments) {
  return std::allocate_shared<T>(std::pmr::polymorphic_allocator<T>(object_memory()),
                                 std::forward<Arguments>(arguments)...);
}

// Construct as StateMap<..> map{table_memory()}.
template <class Key, class Value>
using StateMap = absl::flat_hash_map<Key, Value, absl::Hash<Key>, std::equal_to<Key>,
                                     std::pmr::polymorphic_allocator<std::pair<const Key, Value>>>;

}  // namespace weir::os
