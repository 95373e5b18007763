// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <deque>
#include <mutex>
#include <thread>

#include "flow/batch.h"

namespace weir {
namespace {

void fill(FlowBatch& batch, uint64_t value) {
  weir::Run& run = batch.append_run(1);
  run.mask.set(Field::bytes);
  batch.column<uint64_t>(Field::bytes)[0] = value;
}

TEST(BatchPool, ReusesABatchEmptiedAfterItsLastReference) {
  BatchPool pool;
  std::unique_ptr<FlowBatch> batch = pool.take();
  FlowBatch* first = batch.get();
  fill(*batch, 7);
  batch->list_numbers().push_back(1);
  BatchRef one = pool.publish(std::move(batch));
  BatchRef two = one;
  one = BatchRef();
  EXPECT_NE(pool.take().get(), first) << "it is still referred to";
  ASSERT_EQ(two->rows(), 1u);
  EXPECT_EQ(two->number(Field::bytes, 0), 7u);
  BatchRef three = std::move(two);
  EXPECT_FALSE(two);  // NOLINT(bugprone-use-after-move): moved from is empty
  three = BatchRef();
  std::unique_ptr<FlowBatch> again = pool.take();
  EXPECT_EQ(again.get(), first);
  EXPECT_TRUE(again->empty() && again->runs().empty() && again->list_numbers().empty());
}

TEST(BatchPool, ReusesABatchThatWasNotPublished) {
  BatchPool pool;
  std::unique_ptr<FlowBatch> batch = pool.take();
  FlowBatch* first = batch.get();
  fill(*batch, 7);
  pool.give_back(std::move(batch));
  std::unique_ptr<FlowBatch> again = pool.take(), other = pool.take();
  EXPECT_EQ(again.get(), first);
  EXPECT_TRUE(again->empty());
  EXPECT_NE(other.get(), first);
}

// One thread fills, another reads; each releases its reference at some time, so that either may be the last. A batch
// reused too early would show another value, one handed out twice would have a second row.
TEST(BatchPool, TwoThreadsShareBatches) {
  static constexpr uint64_t kBatches = 20'000, kQueued = 16;
  BatchPool pool;
  std::mutex mutex;
  std::deque<BatchRef> queue;
  uint64_t read = 0, wrong = 0;
  std::jthread reader([&] {
    while (read < kBatches) {
      BatchRef batch;
      {
        std::lock_guard lock(mutex);
        if (queue.empty()) continue;
        batch = std::move(queue.front());
        queue.pop_front();
      }
      if (batch->rows() != 1 || batch->number(Field::bytes, 0) != read) ++wrong;
      ++read;
    }
  });
  for (uint64_t sent = 0; sent < kBatches;) {
    std::unique_ptr<FlowBatch> batch = pool.take();
    fill(*batch, sent);
    BatchRef mine = pool.publish(std::move(batch));
    for (bool queued = false; !queued;) {
      std::lock_guard lock(mutex);
      queued = queue.size() < kQueued;
      if (queued) queue.push_back(mine);
    }
    if (mine->number(Field::bytes, 0) != sent++) break;  // read while the other thread may release it
  }
  reader.join();
  EXPECT_EQ(read, kBatches);
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace weir
