// SPDX-License-Identifier: Apache-2.0
// Tests the text space of a batch: decoders leave space free for the texts that stages add.
#include "decode/batch_writer.h"

#include "decode/testing/decoder_fixture.h"

namespace weir {
namespace {

constexpr uint16_t kInterfaceName = 82, kVariable = 65'535;
constexpr size_t kOctets = 60;

std::string name_of(size_t record) {
  std::string name = "interface " + std::to_string(record);
  return name + std::string(kOctets - name.size(), '.');
}

// Sends records whose names are all different, 20 per datagram.
void send_names(Fixture& f, uint16_t length, size_t records) {
  for (size_t first = 0; first < records; first += 20) {
    Writer body;
    for (size_t i = first; i < first + 20; ++i) {
      if (length == kVariable) body.u8(kOctets);
      body.text(name_of(i), kOctets);
    }
    f.send(ipfix(static_cast<uint32_t>(first), set(256, body)));
  }
}

class TextsTest : public testing::TestWithParam<uint16_t> {};

TEST_P(TextsTest, EveryBatchHasSpaceLeftForStages) {
  DecoderConfig config;
  config.stage_text_bytes = limits::kBatchTextBytes - 70'000;  // the decoder keeps more than one record may need
  Fixture f(0, config);
  f.send(ipfix(0, ipfix_template(256, {{kInterfaceName, GetParam()}})));
  const size_t records = 3 * limits::kBatchRows / 20 * 20;
  send_names(f, GetParam(), records);
  f.decoder.flush();
  size_t seen = 0;
  for (const auto& batch : f.batches) {
    EXPECT_GE(batch->texts().free(), config.stage_text_bytes);
    for (uint32_t row = 0; row < batch->rows(); ++row) EXPECT_EQ(batch->text(Field::in_if_name, row), name_of(seen++));
  }
  EXPECT_EQ(seen, records);
  EXPECT_GT(f.batches.size(), 3u + 1);  // the text space of a batch is full before its rows are
  EXPECT_EQ(f.entry(Protocol::ipfix).refused.value(), 0);
}

INSTANTIATE_TEST_SUITE_P(FixedAndVariable, TextsTest, testing::Values(uint16_t{kOctets}, kVariable));

}  // namespace
}  // namespace weir
