// SPDX-License-Identifier: Apache-2.0
// From a loopback socket to the delivered batches, with a stage in between.
#include "collect/pipeline.h"
#include "base/time_units.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "os/clock.h"

namespace weir {
namespace {

constexpr size_t kRecordOctets = 48, kHeaderOctets = 24, kDstPortAt = 34;

// NetFlow v5 with `records` records, whose destination ports count up from `port`.
std::vector<uint8_t> netflow5(uint32_t sequence, uint8_t records, uint16_t port) {
  std::vector<uint8_t> bytes(kHeaderOctets + records * kRecordOctets);
  bytes[1] = 5;
  bytes[3] = records;
  for (size_t i = 0; i < 4; ++i) bytes[16 + i] = static_cast<uint8_t>(sequence >> (24 - 8 * i));
  for (uint8_t i = 0; i < records; ++i, ++port) {
    uint8_t* at = bytes.data() + kHeaderOctets + i * kRecordOctets + kDstPortAt;
    at[0] = static_cast<uint8_t>(port >> 8);
    at[1] = static_cast<uint8_t>(port);
  }
  return bytes;
}

class BelowTheLimit : public Stage {
 public:
  explicit BelowTheLimit(uint64_t limit) : limit_(limit) {}
  std::string_view name() const override { return "filter"; }
  FieldMask columns() const override { return {}; }
  void pass(StageBatch& batch) override {
    for (uint32_t row = 0; row < batch.flows().rows(); ++row)
      if (batch.flows().number(Field::dst_port, row) >= limit_) batch.leave_out(row);
  }

 private:
  const uint64_t limit_;
};

class PipelineTest : public testing::Test {
 protected:
  PipelineTest() {
    os::UdpSocket any = os::UdpSocket::listen({IpAddress::v4(0x7f000001), 0}, 0);
    config_.listen = {{"netflow://127.0.0.1", {IpAddress::v4(0x7f000001), any.local_port()}}};
  }
  void start(uint64_t limit) {
    std::vector<std::unique_ptr<Stage>> list;
    list.push_back(std::make_unique<BelowTheLimit>(limit));
    stages_ = std::make_unique<Stages>(std::move(list), ledger_);
    pipeline_ = std::make_unique<Pipeline>(PipelineParts{config_,
                                                         2,
                                                         templates_,
                                                         streams_,
                                                         ledger_,
                                                         pool_,
                                                         *stages_,
                                                         [this](const BatchRef& batch) { deliver(batch); },
                                                         {},
                                                         clock_,
                                                         allowed_,
                                                         stop_time_});
    pipeline_->start();
    sender_.emplace(os::UdpSocket::connect({IpAddress::v4(0x7f000001), 0}, config_.listen[0].endpoint));
  }
  void send(uint32_t sequence, uint16_t port) { EXPECT_EQ(sender_->send(netflow5(sequence, 20, port)), 0); }
  const LedgerEntry& entry() { return ledger_.entry({IpAddress::v4(0x7f000001), Protocol::netflow5, 0}); }
  bool wait_for_records(int64_t records) {
    for (const int64_t until = os::monotonic_ns() + 60 * kSecond; os::monotonic_ns() < until; os::sleep_ns(1'000'000))
      if (entry().records.value() >= records) return true;
    return false;
  }
  void deliver(const BatchRef& batch) {
    EXPECT_FALSE(batch->empty());
    std::lock_guard lock(mutex_);
    for (uint32_t row = 0; row < batch->rows(); ++row) ports_.push_back(batch->number(Field::dst_port, row));
  }

  CollectConfig config_;
  Ledger ledger_{0};
  TemplateStore templates_{TemplateStoreConfig{}};
  Streams streams_{ledger_, templates_};
  BatchPool pool_;
  ReceiveClock clock_{0};
  AllowedSenders allowed_;
  StopTime stop_time_;
  std::unique_ptr<Stages> stages_;
  std::mutex mutex_;
  std::vector<uint64_t> ports_;  // delivered
  std::unique_ptr<Pipeline> pipeline_;
  std::optional<os::UdpSocket> sender_;
};

TEST_F(PipelineTest, RowsRemovedByAStageAreNotDeliveredButFiltered) {
  start(1'030);
  send(0, 1'000);
  send(20, 1'020);  // ten of them are below 1,030
  send(40, 1'040);
  ASSERT_TRUE(wait_for_records(60));
  EXPECT_EQ(pipeline_->stop(), 0u);
  std::vector<uint64_t> expected;
  for (uint64_t port = 1'000; port < 1'030; ++port) expected.push_back(port);
  EXPECT_EQ(ports_, expected);
  EXPECT_EQ(entry().records.value(), 60);
  EXPECT_EQ(entry().filtered.value(), 30);
  EXPECT_EQ(entry().sequence_lost.value(), 0);
}

TEST_F(PipelineTest, AnEmptyBatchIsNotDelivered) {
  start(0);
  send(0, 1);
  ASSERT_TRUE(wait_for_records(20));
  EXPECT_EQ(pipeline_->stop(), 0u);
  EXPECT_TRUE(ports_.empty());
  EXPECT_EQ(entry().filtered.value(), 20);
}

// Datagrams arrive all the time. Each row is delivered before or after the pause, and none during it.
TEST_F(PipelineTest, NothingIsDeliveredWhileTheWorkersRest) {
  start(65'535);
  std::atomic<bool> stop{false};
  std::atomic<uint32_t> sent{0};
  std::thread sending([&] {
    while (!stop) send(20 * sent++, 1), os::sleep_ns(200'000);
  });
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(wait_for_records(20 * (round + 1)));
    pipeline_->while_resting([&] {
      const auto delivered = [&] {
        std::lock_guard lock(mutex_);
        return static_cast<int64_t>(ports_.size());
      };
      const int64_t before = delivered();
      EXPECT_EQ(before, entry().records.value()) << "what was decoded is delivered";
      os::sleep_ns(5'000'000);
      EXPECT_EQ(delivered(), before);
    });
  }
  stop = true;
  sending.join();
  EXPECT_EQ(pipeline_->stop(), 0u);
  EXPECT_EQ(ports_.size(), 20u * sent);
  EXPECT_EQ(entry().sequence_lost.value(), 0);
}

// What is left in the sockets at the stop is received, even by a worker that is waiting for nothing else.
TEST_F(PipelineTest, AStopReadsWhatHasArrivedAndDoesNotWaitForMore) {
  start(65'535);
  for (uint32_t i = 0; i < 50; ++i) send(20 * i, 1);
  const int64_t began = os::monotonic_ns();
  EXPECT_EQ(pipeline_->stop(), 0u);
  EXPECT_LT(os::monotonic_ns() - began, 30 * kSecond);
  EXPECT_EQ(ports_.size(), 1'000u);
}

}  // namespace
}  // namespace weir
