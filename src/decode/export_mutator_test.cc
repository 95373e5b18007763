// SPDX-License-Identifier: Apache-2.0
#include "decode/testing/export_mutator.h"

#include <gtest/gtest.h>

#include "decode/testing/decode_fuzz.h"

namespace weir {
namespace {

size_t leave_alone(uint8_t*, size_t size, size_t) { return size; }

struct Outcome {
  int64_t records = 0, options = 0, templates_refused = 0;
};

// The result of decoding an input.
Outcome decoded(Protocol protocol, const std::vector<uint8_t>& input) {
  TemplateStoreConfig config;
  config.hold = {0, 1 << 20, 1 << 20};
  Ledger ledger(0, 64);
  TemplateStore templates(config);
  Streams streams(ledger, templates);
  BatchPool pool;
  Decoder decoder({}, templates, streams, ledger, pool,
                  [&](std::unique_ptr<FlowBatch> batch) { pool.give_back(std::move(batch)); });
  Bytes left(input);
  while (left.size() >= 3) {
    size_t length = load_be16(left.data());
    EXPECT_LE(length + 3, left.size());
    Bytes datagram = left.subspan(3, length);
    EXPECT_EQ(load_be16(datagram.data()), protocol == Protocol::ipfix ? 10 : 9);
    decoder.decode({datagram, IpAddress::v4(1), left[2], 1});
    left = left.subspan(3 + length);
  }
  Outcome outcome;
  for (const LedgerRow& row : ledger.rows().entries)
    outcome.records += row.records, outcome.options += row.options_records;
  return outcome;
}

// Starting from empty input, it produces templates, and data that can be decoded with them.
TEST(ExportMutator, MakesDataThatFitTemplates) {
  for (Protocol protocol : {Protocol::netflow9, Protocol::ipfix}) {
    int with_records = 0, with_options = 0;
    constexpr int kInputs = 200;
    for (uint32_t seed = 1; seed <= kInputs; ++seed) {
      std::vector<uint8_t> input;
      for (uint32_t step = 0; step < 20; ++step)
        input = ExportMutator(protocol, seed * 1'000 + step, leave_alone).mutate(input, 4'096);
      Outcome outcome = decoded(protocol, input);
      with_records += outcome.records > 0;
      with_options += outcome.options > 0;
    }
    EXPECT_GT(with_records, kInputs / 2) << protocol_name(protocol);
    EXPECT_GT(with_options, kInputs / 10) << protocol_name(protocol);
  }
}

TEST(ExportMutator, StaysWithinTheSizeLimit) {
  std::vector<uint8_t> input;
  for (uint32_t step = 0; step < 500; ++step) {
    input = ExportMutator(Protocol::ipfix, step, leave_alone).mutate(input, 300);
    ASSERT_LE(input.size(), 300u);
  }
}

TEST(ExportMutator, IsRepeatable) {
  std::vector<uint8_t> a, b;
  for (uint32_t step = 0; step < 50; ++step) {
    a = ExportMutator(Protocol::netflow9, step, leave_alone).mutate(a, 2'000);
    b = ExportMutator(Protocol::netflow9, step, leave_alone).mutate(b, 2'000);
  }
  EXPECT_EQ(a, b);
}

}  // namespace
}  // namespace weir
