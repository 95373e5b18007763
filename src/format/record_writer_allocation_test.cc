// SPDX-License-Identifier: Apache-2.0
// Checks that writing records allocates nothing once the output has grown. In a separate file because it replaces the
// program's operator new by one that counts.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "format/record_writer.h"
#include "format/testing/sample_flows.h"

static std::atomic<uint64_t> g_allocations{0};

// Not inlined: otherwise the compiler would see memory from operator new released by free().
[[gnu::noinline]] void* operator new(size_t size) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace weir {
namespace {

TEST(RecordWriter, SteadyStateAllocatesNothing) {
  for (RecordFormat format : {RecordFormat::json, RecordFormat::csv, RecordFormat::protobuf}) {
    FlowBatch batch;
    fill_with_router_flows(batch, FlowBatch::capacity());
    auto writer = make_record_writer(format, {});
    std::string out;
    writer->write(batch, out);
    uint64_t before = g_allocations.load();
    for (int i = 0; i < 10; ++i) {
      out.clear();
      writer->write(batch, out);
    }
    EXPECT_GT(before, 0u);
    EXPECT_EQ(g_allocations.load() - before, 0u) << static_cast<int>(format);
  }
}

}  // namespace
}  // namespace weir
