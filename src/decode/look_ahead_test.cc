// SPDX-License-Identifier: Apache-2.0
// Checks that a batch of datagrams from many senders is decoded as if each were decoded alone.
#include "decode/testing/decoder_fixture.h"

namespace weir {
namespace {

constexpr uint16_t kSenders = 400;  // more than are assumed to stay in the CPU caches

// What those senders send in one round: NetFlow v9, every third IPFIX, every seventh a datagram that is too short.
std::vector<Writer> round_of(uint32_t sequence, bool with_templates) {
  std::vector<Writer> datagrams;
  const std::vector<FieldSpec> fields{{8, 4}, {1, 4}};
  for (uint16_t sender = 0; sender < kSenders; ++sender) {
    Writer data = set(300, Writer().u32(0x0a000000 + sender).u32(sequence));
    bool is_ipfix = sender % 3 == 0;
    Writer sets = with_templates
                      ? Writer(is_ipfix ? ipfix_template(300, fields) : netflow9_template(300, fields)).add(data)
                      : data;
    datagrams.push_back(is_ipfix ? ipfix(sequence, sets) : netflow9(sequence, 1'000, sets));
    if (sender % 7 == 0) datagrams.back().bytes.resize(sender % 23 + 1);
  }
  return datagrams;
}

TEST(LookAhead, ABatchOfManySendersIsDecodedLikeEachAlone) {
  Fixture alone, together;
  for (uint32_t round = 0; round < 4; ++round) {
    std::vector<Writer> writers = round_of(round, round == 0);
    std::vector<Datagram> datagrams;
    for (uint16_t sender = 0; sender < kSenders; ++sender)
      datagrams.push_back({writers[sender].bytes, *IpAddress::parse("192.0.2.1"), static_cast<uint16_t>(1'000 + sender),
                           kExportSeconds * 1'000'000'000ll});
    for (const Datagram& datagram : datagrams) alone.decoder.decode(datagram);
    together.decoder.decode(datagrams);
  }
  const FlowBatch &expected = alone.rows(), &rows = together.rows();
  ASSERT_EQ(rows.rows(), expected.rows());
  ASSERT_EQ(rows.rows(), 4u * (kSenders - (kSenders + 6) / 7));
  for (uint32_t row = 0; row < rows.rows(); ++row) {
    EXPECT_EQ(number_of(rows, Field::bytes, row), number_of(expected, Field::bytes, row));
    EXPECT_EQ(rows.column<IpAddress>(Field::src_addr)[row], expected.column<IpAddress>(Field::src_addr)[row]);
  }
  for (Protocol protocol : {Protocol::netflow9, Protocol::ipfix, Protocol::unknown})
    EXPECT_EQ(together.entry(protocol).datagrams.value(), alone.entry(protocol).datagrams.value());
}

}  // namespace
}  // namespace weir
