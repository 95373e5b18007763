// SPDX-License-Identifier: Apache-2.0
// Counter samples through the decoder: datagrams built by hand from the XDR of the sFlow v5 specification.
#include <gtest/gtest.h>

#include "decode/decoder.h"

namespace weir {
namespace {

class CountersTest : public testing::Test {
 protected:
  static void put(std::vector<uint8_t>& out, std::initializer_list<uint32_t> values) {
    for (uint32_t value : values)
      for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(value >> shift));
  }
  // Version, agent (IPv4), sub-agent, sequence number, uptime, samples; each with one record, host_parent, that
  // contains `sequence`.
  static std::vector<uint8_t> datagram(uint32_t sequence, uint32_t samples) {
    std::vector<uint8_t> out;
    put(out, {5, 1, 0x0a000001, 7, sequence, 60'000, samples});
    for (uint32_t i = 0; i < samples; ++i)
      put(out, {2, 28, sequence * 1'000 + i, 0x0200'0003, 1, 2002, 8, 2, sequence});
    return out;
  }
  void decode(Decoder& decoder, const std::vector<uint8_t>& bytes, int64_t received_ns = 5) {
    decoder.decode({bytes, *IpAddress::parse("192.0.2.1"), 40'000, received_ns});
  }
  Decoder make(bool counters = true) {
    auto emit = [&](std::unique_ptr<CounterBatch> batch) { batches_.push_back(std::move(*batch)); };
    return Decoder(
        {}, templates_, streams_, ledger_, pool_, [](auto) {}, counters ? Decoder::EmitCounters(emit) : nullptr);
  }
  LedgerEntry& entry() { return ledger_.entry({*IpAddress::parse("192.0.2.1"), Protocol::sflow5, 7}); }

  Ledger ledger_{0};
  TemplateStore templates_{{}};
  Streams streams_{ledger_, templates_};
  BatchPool pool_;
  std::vector<CounterBatch> batches_;
};

TEST_F(CountersTest, SampleHasTheFieldsOfItsDatagram) {
  Decoder decoder = make();
  decode(decoder, datagram(1, 1), 1'700'000'000'000'000'000);
  EXPECT_TRUE(batches_.empty());
  EXPECT_EQ(decoder.oldest_pending_ns(), 1'700'000'000'000'000'000);
  decoder.flush();
  EXPECT_EQ(decoder.oldest_pending_ns(), 0);
  ASSERT_EQ(batches_.size(), 1u);
  const CounterSample& sample = batches_[0].at(0);
  EXPECT_EQ(sample.received_ns, 1'700'000'000'000'000'000);
  EXPECT_EQ(sample.agent.to_string(), "10.0.0.1");
  EXPECT_EQ(sample.sub_agent, 7u);
  EXPECT_EQ(sample.uptime_ms, 60'000u);
  EXPECT_EQ(sample.sequence, 1'000u);
  EXPECT_EQ(sample.source_class, 2u);
  EXPECT_EQ(sample.source_index, 3u);
  EXPECT_EQ(sample[CounterField::parent_index], 1u);
  EXPECT_EQ(sample.entry, entry().index);
  EXPECT_EQ(entry().counter_samples.value(), 1);
  EXPECT_EQ(entry().records.value(), 0);
}

TEST_F(CountersTest, SamplesReceivedWhileTheClockWasHeldAreMarked) {
  Decoder decoder = make();
  decoder.decode({datagram(1, 1), *IpAddress::parse("192.0.2.1"), 40'000, 5, 0, true});
  decode(decoder, datagram(2, 1));
  decoder.flush();
  ASSERT_EQ(batches_.size(), 1u);
  EXPECT_TRUE(batches_[0].at(0).clock_held);
  EXPECT_FALSE(batches_[0].at(1).clock_held);
}

TEST_F(CountersTest, BatchesAreEmittedWhenFull) {
  Decoder decoder = make();
  for (uint32_t i = 1; i <= 10; ++i) decode(decoder, datagram(i, 10));
  decoder.flush();
  decoder.flush();
  ASSERT_EQ(batches_.size(), 2u);
  EXPECT_EQ(batches_[0].size(), limits::kCounterBatchRows);
  EXPECT_EQ(batches_[0].size() + batches_[1].size(), 100u);
  EXPECT_EQ(batches_[1].back().sequence, 10'009u);
  EXPECT_EQ(entry().counter_samples.value(), 100);
}

TEST_F(CountersTest, SampleWithoutItsHeaderIsMalformedAndGivesNoRow) {
  std::vector<uint8_t> bytes;
  put(bytes, {5, 1, 0x0a000001, 7, 1, 60'000, 2, 2, 8, 1, 2});  // 8 octets, but the fixed part has 12
  put(bytes, {2, 12, 1, 2, 3});                                 // 3 records announced, none present
  Decoder decoder = make();
  decode(decoder, bytes);
  decoder.flush();
  ASSERT_EQ(batches_.size(), 1u);
  ASSERT_EQ(batches_[0].size(), 1u);
  EXPECT_TRUE(batches_[0][0].present.none());
  EXPECT_EQ(entry().counter_samples.value(), 1);
  auto malformed = [&](Malformed reason) { return entry().malformed_by_reason[static_cast<size_t>(reason)].value(); };
  EXPECT_EQ(malformed(Malformed::short_sample), 1);
  EXPECT_EQ(malformed(Malformed::sample_records), 1);
}

TEST_F(CountersTest, WithoutACallbackSamplesAreOnlyCounted) {
  Decoder decoder = make(false);
  for (uint32_t i = 1; i <= 10; ++i) decode(decoder, datagram(i, 10));
  decoder.flush();
  EXPECT_EQ(entry().counter_samples.value(), 100);
}

}  // namespace
}  // namespace weir
