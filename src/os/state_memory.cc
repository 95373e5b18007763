// SPDX-License-Identifier: Apache-2.0
#include "os/state_memory.h"

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>

namespace weir::os {

#ifdef WEIR_ADDRESS_SANITIZER  // detects use after free only if memory is really freed

std::pmr::memory_resource* object_memory() { return std::pmr::new_delete_resource(); }
std::pmr::memory_resource* table_memory() { return std::pmr::new_delete_resource(); }

#else

namespace {

constexpr size_t kHugePage = 2 << 20;
constexpr size_t kLargeBlock = kHugePage / 4;  // a huge page does not pay for less
constexpr size_t kMappedAtOnce = 32 << 20;     // for objects; the unused part costs no memory
constexpr size_t kMaxBlocksPerChunk = 256;     // requested at once by the pool
constexpr size_t kLargestObject = 1024;

size_t rounded_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

// Returns whole huge pages, aligned to their size. The caller unmaps them.
std::byte* map_huge_pages(size_t bytes) {
  void* mapped = ::mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* begin = static_cast<std::byte*>(mapped);
  size_t before = rounded_up(reinterpret_cast<uintptr_t>(begin), kHugePage) - reinterpret_cast<uintptr_t>(begin);
  if (before > 0) ::munmap(begin, before);
  ::munmap(begin + before + bytes, kHugePage - before);
  ::madvise(begin + before, bytes, MADV_HUGEPAGE);  // if refused, small pages are used
  return begin + before;
}

class TableMemory : public std::pmr::memory_resource {
  void* do_allocate(size_t bytes, size_t alignment) override {
    if (bytes < kLargeBlock) return std::pmr::new_delete_resource()->allocate(bytes, alignment);
    return map_huge_pages(rounded_up(bytes, kHugePage));
  }
  void do_deallocate(void* block, size_t bytes, size_t alignment) override {
    if (bytes < kLargeBlock) return std::pmr::new_delete_resource()->deallocate(block, bytes, alignment);
    ::munmap(block, rounded_up(bytes, kHugePage));
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

// Provides chunks for a pool that never frees them: cut from huge pages one after the other.
class ChunkMemory : public std::pmr::memory_resource {
  void* do_allocate(size_t bytes, size_t alignment) override {
    std::lock_guard lock(mutex_);
    size_t skip = rounded_up(used_, alignment) - used_;
    if (bytes + skip > left_) {
      const size_t mapped = rounded_up(bytes, kMappedAtOnce);
      at_ = map_huge_pages(mapped);  // may throw
      left_ = mapped;
      used_ = skip = 0;
    }
    std::byte* chunk = at_ + used_ + skip;
    used_ += skip + bytes, left_ -= skip + bytes;
    return chunk;
  }
  void do_deallocate(void*, size_t, size_t) override {}
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  std::mutex mutex_;
  std::byte* at_ = nullptr;
  size_t used_ = 0, left_ = 0;
};

}  // namespace

// Both outlive everything allocated from them.
std::pmr::memory_resource* object_memory() {
  static auto* const chunks = new ChunkMemory;
  static auto* const pool = new std::pmr::synchronized_pool_resource({kMaxBlocksPerChunk, kLargestObject}, chunks);
  return pool;
}

std::pmr::memory_resource* table_memory() {
  static auto* const memory = new TableMemory;
  return memory;
}

#endif

}  // namespace weir::os
