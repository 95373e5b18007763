// SPDX-License-Identifier: Apache-2.0
// Checks that the decoder and the plain decoders agree on random streams, and that the comparison detects differences.
#include "decode/testing/plain_decoder.h"

#include <gtest/gtest.h>

#include <random>

#include "decode/testing/decoded_alike.h"
#include "decode/testing/decoder_fixture.h"
#include "decode/testing/export_mutator.h"

namespace weir {
namespace {

size_t change_one_byte(uint8_t* data, size_t size, size_t) {
  if (size) data[size / 2] ^= 0x11;
  return size;
}

TEST(PlainDecoder, AgreesWithTheDecoder) {
  for (Protocol protocol : {Protocol::netflow9, Protocol::ipfix}) {
    size_t compared = 0;
    for (uint32_t seed = 1; seed <= 400; ++seed) {
      std::vector<uint8_t> input;
      for (uint32_t step = 0; step < 30; ++step) {
        input = ExportMutator(protocol, seed * 1'000 + step, change_one_byte).mutate(input, 8'192);
        std::string failure;
        size_t records = decode_both(protocol, input, failure);
        ASSERT_EQ(failure, "") << protocol_name(protocol) << " seed " << seed << " step " << step;
        if (step == 29) compared += records;
      }
    }
    EXPECT_GT(compared, 2'000u) << protocol_name(protocol);
  }
}

TEST(PlainDecoder, AgreesOnRecordsWithoutTemplates) {
  std::mt19937 random(5);
  for (Protocol protocol : {Protocol::netflow1, Protocol::netflow5, Protocol::netflow7}) {
    size_t compared = 0;
    for (int n = 0; n < 500; ++n) {
      std::vector<uint8_t> datagram(random() % 1'500);
      for (uint8_t& octet : datagram) octet = static_cast<uint8_t>(random());
      if (datagram.size() >= 4) store_be(&datagram[2], static_cast<uint16_t>(random() % 32));  // records
      Writer input;
      input.u16(datagram.size()).u8(0).bytes.insert(input.bytes.end(), datagram.begin(), datagram.end());
      std::string failure;
      compared += decode_both(protocol, input.bytes, failure);
      ASSERT_EQ(failure, "") << protocol_name(protocol) << " datagram " << n;
    }
    EXPECT_GT(compared, 2'000u) << protocol_name(protocol);
  }
}

// The difference that is found for a record with one value, compared with a plain decoder's record.
std::string difference_of(Field field, uint64_t decoded, const PlainRecord& plain) {
  FlowBatch batch;
  Run& run = batch.append_run(1);
  run.mask.set(field);
  batch.column<uint64_t>(field)[0] = decoded;
  return difference(batch, run, 0, plain);
}

TEST(PlainDecoder, ComparisonDetectsDifferences) {
  PlainRecord plain{.values = {{Field::bytes, uint64_t{7}}}, .elements = "1:8 "};
  EXPECT_EQ(difference_of(Field::bytes, 7, plain), "");
  EXPECT_EQ(difference_of(Field::bytes, 8, plain), "bytes of a record with 1:8 is 8, plainly 7");
  plain.values[Field::packets] = uint64_t{1};
  EXPECT_EQ(difference_of(Field::bytes, 7, plain), "packets of a record with 1:8 is nothing, plainly 1");
  plain.values = {};
  EXPECT_EQ(difference_of(Field::bytes, 7, plain), "bytes of a record with 1:8 is 7, plainly nothing");
}

}  // namespace
}  // namespace weir
