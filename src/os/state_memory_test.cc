// SPDX-License-Identifier: Apache-2.0
#include "os/state_memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <set>
#include <thread>
#include <vector>

namespace weir::os {
namespace {

struct alignas(64) State {
  explicit State(uint64_t n) : number(n) {}
  uint64_t number;
  uint64_t rest[30] = {};
};

bool is_aligned(const void* at, size_t to) { return reinterpret_cast<uintptr_t>(at) % to == 0; }

TEST(ObjectMemory, ObjectsOfSeveralThreadsDoNotOverlap) {
  constexpr uint64_t kEach = 20'000;
  std::vector<std::vector<std::shared_ptr<State>>> made(4);
  {
    std::vector<std::jthread> threads;
    for (size_t t = 0; t < made.size(); ++t)
      threads.emplace_back([&made, t] {
        for (uint64_t i = 0; i < kEach; ++i) made[t].push_back(make_shared_state<State>(t * kEach + i));
      });
  }
  std::set<const State*> places;
  for (size_t t = 0; t < made.size(); ++t)
    for (uint64_t i = 0; i < kEach; ++i) {
      const State* state = made[t][i].get();
      ASSERT_TRUE(is_aligned(state, 64));
      ASSERT_EQ(state->number, t * kEach + i);
      places.insert(state);
    }
  EXPECT_EQ(places.size(), made.size() * kEach);
}

#ifndef WEIR_ADDRESS_SANITIZER  // ASan keeps freed memory for a while
TEST(ObjectMemory, FreedMemoryIsReused) {
  std::set<const State*> places;
  for (int round = 0; round < 1000; ++round) {
    std::vector<std::shared_ptr<State>> some;
    for (uint64_t i = 0; i < 10; ++i) places.insert(some.emplace_back(make_shared_state<State>(i)).get());
  }
  EXPECT_LE(places.size(), 20u);
}
#endif

TEST(ObjectMemory, AllocatesLargeObjectsAndArrays) {
  std::pmr::vector<char> large(3 << 20, 'x', object_memory());
  large.resize(70 << 20, 'y');
  EXPECT_EQ(large.front(), 'x');
  EXPECT_EQ(large.back(), 'y');
}

TEST(TableMemory, TablesGrowAndShrink) {
  StateMap<uint64_t, uint64_t> table{table_memory()};
  for (int round = 0; round < 3; ++round) {
    for (uint64_t i = 0; i < 200'000; ++i) table[i * 7] = i;
    for (uint64_t i = 0; i < 200'000; ++i) ASSERT_EQ(table.at(i * 7), i);
    table.clear();
    EXPECT_TRUE(table.empty());
  }
}

TEST(TableMemory, BlocksAreAlignedAndCanBeWritten) {
  for (size_t bytes : {size_t{1}, size_t{4096}, size_t{512} << 10, (size_t{2} << 20) + 1, size_t{5} << 20}) {
    void* block = table_memory()->allocate(bytes, 64);
    EXPECT_TRUE(is_aligned(block, 64));
    std::memset(block, 0xab, bytes);
    table_memory()->deallocate(block, bytes, 64);
  }
}

#if !defined(WEIR_ADDRESS_SANITIZER) && !defined(__SANITIZE_THREAD__)  // sanitizers map much memory of their own

// Runs in its own process, which then may map no more memory: allocations that succeed afterwards must still be valid.
[[noreturn]] void run_out_of_address_space() {
  rlimit limit{};
  ::getrlimit(RLIMIT_AS, &limit);
  const rlimit none{1, limit.rlim_max};
  ::setrlimit(RLIMIT_AS, &none);
  int refused = 0;
  for (int i = 0; i < 200'000 && refused < 3; ++i) {
    try {
      std::memset(object_memory()->allocate(1024, 64), 1, 1024);
    } catch (const std::bad_alloc&) {
      ++refused;
    }
  }
  ::setrlimit(RLIMIT_AS, &limit);
  for (int i = 0; i < 50'000; ++i) std::memset(object_memory()->allocate(1024, 64), 2, 1024);
  std::_Exit(refused == 3 ? 0 : 1);
}

TEST(ObjectMemoryDeathTest, AFailedMappingThrowsBadAllocAndCorruptsNothing) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(run_out_of_address_space(), testing::ExitedWithCode(0), "");
}

#endif

}  // namespace
}  // namespace weir::os
