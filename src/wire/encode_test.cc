// SPDX-License-Identifier: Apache-2.0
#include "wire/encode.h"

#include <gtest/gtest.h>

#include <array>
#include <initializer_list>
#include <vector>

#include "base/bytes.h"

namespace weir {
namespace {

using Octets = std::vector<uint8_t>;

Octets first(const uint8_t* bytes, size_t size) { return Octets(bytes, bytes + size); }

Octets joined(std::initializer_list<Octets> parts) {
  Octets all;
  for (const Octets& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

constexpr TemplateField kFlowFields[] = {{8, 4}, {12, 4}, {2, 3}};  // source, destination, packets in three octets
constexpr TemplateLayout kFlow = {256, {}, kFlowFields};
constexpr TemplateField kScope[] = {{1, 4}};
constexpr TemplateField kOptions[] = {{48, 1}, {50, 4}};
constexpr TemplateLayout kSampler = {258, kScope, kOptions};

TEST(EncodeNetFlow5, HeaderFieldsAreAtTheirOffsets) {
  uint8_t out[kNetFlow5HeaderBytes];
  encode_netflow5_header(out, {0x01020304, 0x11121314, 0x21222324, 0x31323334, 0x41, 0x42, 0x4064}, 30);
  EXPECT_EQ(first(out, sizeof out), (Octets{0,    5,    0,    30,   1,    2,    3,    4,    0x11, 0x12, 0x13, 0x14,
                                            0x21, 0x22, 0x23, 0x24, 0x31, 0x32, 0x33, 0x34, 0x41, 0x42, 0x40, 0x64}));
}

TEST(EncodeNetFlow5, RecordFieldsAreAtTheirOffsets) {
  NetFlow5Record r;
  r.src_addr = 0x0a000001, r.dst_addr = 0xc0000202, r.next_hop = 0xc0000203;
  r.in_if = 0x0102, r.out_if = 0x0304;
  r.packets = 0x05060708, r.bytes = 0x090a0b0c;
  r.first_uptime_ms = 0x0d0e0f10, r.last_uptime_ms = 0x11121314;
  r.src_port = 0x1516, r.dst_port = 0x1718;
  r.tcp_flags = 0x19, r.proto = 0x1a, r.tos = 0x1b;
  r.src_as = 0x1c1d, r.dst_as = 0x1e1f;
  r.src_mask = 0x20, r.dst_mask = 0x21;
  uint8_t out[kNetFlow5RecordBytes];
  std::fill(out, out + sizeof out, 0xee);  // padding must be written
  encode_netflow5_record(out, r);
  EXPECT_EQ(first(out, sizeof out),
            (Octets{10,   0,    0,    1,    0xc0, 0,    2,    2,    0xc0, 0,    2,    3,    1,    2,    3,    4,
                    5,    6,    7,    8,    9,    10,   11,   12,   13,   14,   15,   16,   0x11, 0x12, 0x13, 0x14,
                    0x15, 0x16, 0x17, 0x18, 0,    0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x21, 0,    0}));
}

TEST(EncodeNetFlow9, TemplateThenPaddedDataSet) {
  std::array<uint8_t, 128> out;
  out.fill(0xee);
  DatagramWriter writer(Protocol::netflow9, out);
  ASSERT_TRUE(writer.add_template(kFlow));
  ASSERT_TRUE(writer.begin_data_set(256));
  for (uint8_t n : {1, 2}) {
    uint8_t* record = writer.add_record(11);
    ASSERT_NE(record, nullptr);
    std::fill(record, record + 11, n);
  }
  size_t size = writer.finish_netflow9(0x01020304, 0x05060708, 0x090a0b0c, 0x0d0e0f10);
  Octets header = {0, 9, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};  // one template, two records
  Octets templates = {0, 0, 0, 20, 1, 0, 0, 3, 0, 8, 0, 4, 0, 12, 0, 4, 0, 2, 0, 3};
  Octets data = {1, 0, 0, 28};  // 4 + 2 * 11 + 2 octets of padding
  EXPECT_EQ(first(out.data(), size), joined({header, templates, data, Octets(11, 1), Octets(11, 2), {0, 0}}));
}

// RFC 3954 §6.1: lengths of scope and options in octets of specifiers, set id 1, padded to four octets.
TEST(EncodeNetFlow9, OptionsTemplate) {
  std::array<uint8_t, 128> out;
  DatagramWriter writer(Protocol::netflow9, out);
  ASSERT_TRUE(writer.add_template(kSampler));
  size_t size = writer.finish_netflow9(0, 0, 0, 0);
  EXPECT_EQ(first(out.data() + 20, size - 20),
            (Octets{0, 1, 0, 24, 1, 2, 0, 4, 0, 8, 0, 1, 0, 4, 0, 48, 0, 1, 0, 50, 0, 4, 0, 0}));
  EXPECT_EQ(load_be16(out.data() + 2), 1);
}

TEST(EncodeNetFlow9, NoRecordFollowsPaddingInASet) {
  std::array<uint8_t, 128> out;
  DatagramWriter writer(Protocol::netflow9, out);
  ASSERT_TRUE(writer.add_template(kSampler));
  ASSERT_TRUE(writer.add_template(kSampler));
  EXPECT_EQ(writer.finish_netflow9(0, 0, 0, 0), 20u + 24 + 24);
  EXPECT_EQ(load_be16(out.data() + 44), 1);  // a second set, not a second record
}

TEST(EncodeNetFlow9, TemplatesShareOneSet) {
  std::array<uint8_t, 128> out;
  DatagramWriter writer(Protocol::netflow9, out);
  ASSERT_TRUE(writer.add_template(kFlow));
  ASSERT_TRUE(writer.add_template(kFlow));
  EXPECT_EQ(writer.finish_netflow9(0, 0, 0, 0), 20u + 4 + 16 + 16);
  EXPECT_EQ(load_be16(out.data() + 22), 36);
}

// RFC 7011 §3.1, §3.4.1: length of the whole message; enterprise bit and number; no padding.
TEST(EncodeIpfix, MessageWithEnterpriseField) {
  constexpr TemplateField kFields[] = {{27, 16}, {1, 65535, 29305}};
  std::array<uint8_t, 128> out;
  DatagramWriter writer(Protocol::ipfix, out);
  ASSERT_TRUE(writer.add_template({300, {}, kFields}));
  ASSERT_TRUE(writer.begin_data_set(300));
  uint8_t* record = writer.add_record(19);
  ASSERT_NE(record, nullptr);
  std::fill(record, record + 19, 7);
  size_t size = writer.finish_ipfix(0x01020304, 0x05060708, 0x090a0b0c);
  Octets header = {0, 10, 0, 59, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  Octets templates = {0, 2, 0, 20, 1, 44, 0, 2, 0, 27, 0, 16, 0x80, 1, 0xff, 0xff, 0, 0, 0x72, 0x79};
  EXPECT_EQ(first(out.data(), size), joined({header, templates, {1, 44, 0, 23}, Octets(19, 7)}));
  EXPECT_EQ(writer.data_records(), 1);  // the sequence number grows by this
}

// RFC 7011 §3.4.2.2: field count includes the scope fields.
TEST(EncodeIpfix, OptionsTemplate) {
  std::array<uint8_t, 128> out;
  DatagramWriter writer(Protocol::ipfix, out);
  ASSERT_TRUE(writer.add_template(kSampler));
  size_t size = writer.finish_ipfix(0, 0, 0);
  EXPECT_EQ(first(out.data() + 16, size - 16),
            (Octets{0, 3, 0, 22, 1, 2, 0, 3, 0, 1, 0, 1, 0, 4, 0, 48, 0, 1, 0, 50, 0, 4}));
}

// For every buffer size: never writes past its end, and space_for_records() predicts what fits.
TEST(DatagramWriter, StaysWithinTheBuffer) {
  for (Protocol protocol : {Protocol::netflow9, Protocol::ipfix}) {
    for (size_t size = 20; size < 120; ++size) {
      Octets out(size + 8, 0xee);
      DatagramWriter writer(protocol, std::span(out).first(size));
      writer.add_template(kSampler);
      size_t foretold = writer.space_for_records(11);
      size_t fits = 0;
      if (writer.begin_data_set(258))
        while (writer.add_record(11) != nullptr) ++fits;
      EXPECT_EQ(fits, foretold) << "buffer of " << size;
      size_t used = protocol == Protocol::ipfix ? writer.finish_ipfix(0, 0, 0) : writer.finish_netflow9(0, 0, 0, 0);
      EXPECT_LE(used, size);
      EXPECT_EQ(Octets(out.begin() + static_cast<std::ptrdiff_t>(size), out.end()), Octets(8, 0xee));
    }
  }
}

}  // namespace
}  // namespace weir
