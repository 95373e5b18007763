// SPDX-License-Identifier: Apache-2.0
// Octets laid out by hand from Cisco's formats, RFC 3954 §5.1 and RFC 7011 §3.1.
#include "wire/export_header.h"
#include "base/time_units.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir {
namespace {

using Octets = std::vector<uint8_t>;

constexpr uint8_t kWords[] = {0,    0,    0,    17,   0x12, 0x34, 0x56, 0x78, 0x65, 0x01, 0x02, 0x03,
                              0x00, 0x0f, 0x42, 0x40, 0,    0,    1,    2,    0x0a, 0x0b, 0x40, 0x64};

Octets header(uint16_t version, size_t octets) {
  Octets bytes(std::begin(kWords), std::begin(kWords) + octets);
  bytes[1] = static_cast<uint8_t>(version);
  return bytes;
}

ExportHeader read(const Octets& bytes) {
  ExportHeader read;
  EXPECT_TRUE(read_export_header(bytes, export_protocol(bytes), read));
  return read;
}

TEST(ExportHeader, NetFlow5) {
  const ExportHeader h = read(header(5, 24));
  EXPECT_EQ(h.protocol, Protocol::netflow5);
  EXPECT_EQ(h.count, 17);
  EXPECT_EQ(h.uptime_ms, 0x12345678u);
  EXPECT_EQ(h.export_ns, 0x65010203 * kSecond + 1'000'000);
  EXPECT_EQ(h.sequence, 258u);
  EXPECT_EQ(h.domain, 0x0a0bu);
  EXPECT_EQ(h.sampling, 0x4064);
  EXPECT_TRUE(h.has_uptime());
}

TEST(ExportHeader, NetFlow1HasNoSequenceNumberAndNetFlow7NoEngine) {
  const ExportHeader v1 = read(header(1, 16)), v7 = read(header(7, 24));
  EXPECT_EQ(v1.protocol, Protocol::netflow1);
  EXPECT_EQ(v1.sequence, 0u);
  EXPECT_EQ(v7.sequence, 258u);
  for (const ExportHeader& h : {v1, v7}) {
    EXPECT_EQ(h.count, 17);
    EXPECT_EQ(h.export_ns, 0x65010203 * kSecond + 1'000'000);
    EXPECT_EQ(h.domain, 0u);
    EXPECT_EQ(h.sampling, 0);
  }
  EXPECT_EQ(ExportHeader::record_bytes(Protocol::netflow1), 48u);
  EXPECT_EQ(ExportHeader::record_bytes(Protocol::netflow7), 52u);
}

TEST(ExportHeader, NetFlow9) {
  const ExportHeader h = read(header(9, 20));
  EXPECT_EQ(h.uptime_ms, 0x12345678u);
  EXPECT_EQ(h.export_ns, 0x65010203 * kSecond);
  EXPECT_EQ(h.sequence, 0x000f4240u);
  EXPECT_EQ(h.domain, 258u);
}

TEST(ExportHeader, Ipfix) {
  const ExportHeader h = read(header(10, 16));
  EXPECT_FALSE(h.has_uptime());
  EXPECT_EQ(h.uptime_ms, 0u);
  EXPECT_EQ(h.export_ns, 0x12345678 * kSecond);
  EXPECT_EQ(h.sequence, 0x65010203u);
  EXPECT_EQ(h.domain, 0x000f4240u);
}

TEST(ExportHeader, AHeaderOneOctetShortIsRefused) {
  for (uint16_t version : {1, 5, 7, 9, 10}) {
    Octets bytes = header(version, 24);
    const Protocol protocol = export_protocol(bytes);
    bytes.resize(ExportHeader::header_bytes(protocol));
    ExportHeader h;
    EXPECT_TRUE(read_export_header(bytes, protocol, h)) << version;
    bytes.pop_back();
    EXPECT_FALSE(read_export_header(bytes, protocol, h)) << version;
  }
}

TEST(ExportHeader, IdentifiesProtocolsByTheFirstOctets) {
  EXPECT_EQ(export_protocol({}), Protocol::unknown);
  EXPECT_EQ(export_protocol(Octets{5}), Protocol::unknown);
  EXPECT_EQ(export_protocol(Octets{0, 0, 0, 5}), Protocol::sflow5);
  EXPECT_EQ(export_protocol(Octets{0, 8}), Protocol::unknown);
  EXPECT_EQ(export_protocol(Octets{1, 9}), Protocol::unknown);
}

// The message length limits IPFIX (RFC 7011 §3.1), but the body never extends beyond the datagram or into the header.
TEST(ExportHeader, BodyIsWhatFollowsTheHeader) {
  Octets bytes = header(10, 16);
  bytes.resize(40);
  auto body_of_length = [&](uint8_t length) {
    bytes[3] = length;
    return export_body(bytes, read(bytes)).size();
  };
  EXPECT_EQ(body_of_length(40), 24u);
  EXPECT_EQ(body_of_length(20), 4u);
  EXPECT_EQ(body_of_length(200), 24u);
  EXPECT_EQ(body_of_length(3), 0u);
}

TEST(ExportSets, AreTakenOneAfterTheOther) {
  const Octets octets{0, 2, 0, 6, 0xaa, 0xbb, 1, 0, 0, 4, 1, 1, 0, 5, 0xcc};
  Bytes sets = octets;
  ExportSet set;
  ASSERT_TRUE(take_set(sets, set));
  EXPECT_EQ(set.id, 2);
  EXPECT_EQ(set.at, octets.data());
  EXPECT_EQ(Octets(set.body.begin(), set.body.end()), (Octets{0xaa, 0xbb}));
  ASSERT_TRUE(take_set(sets, set));
  EXPECT_EQ(set.id, kFirstDataSet);
  EXPECT_TRUE(set.body.empty());
  ASSERT_TRUE(take_set(sets, set));
  EXPECT_EQ(set.body.size(), 1u);
  EXPECT_FALSE(take_set(sets, set));
  EXPECT_TRUE(sets.empty());
}

TEST(ExportSets, AnIncompleteSetIsLeft) {
  ExportSet set;
  for (const Octets& octets : {Octets{1, 0, 0, 3}, Octets{1, 0, 0, 5}, Octets{1, 0, 0xff, 0xff, 0}}) {
    Bytes sets = octets;
    EXPECT_FALSE(take_set(sets, set));
    EXPECT_EQ(sets.size(), octets.size());
    EXPECT_EQ(left_after_sets(sets), Malformed::short_set);
  }
  EXPECT_EQ(left_after_sets(Octets{0, 0, 0}), Malformed::trailing_bytes);
}

}  // namespace
}  // namespace weir
