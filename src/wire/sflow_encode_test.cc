// SPDX-License-Identifier: Apache-2.0
// The writer's output is read back here by the parser of packet headers, and by tshark and GoFlow2 in
// test/test_sflow.py.
#include "wire/sflow_encode.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "wire/packet_headers.h"

namespace weir {
namespace {

SampledPacket packet(uint8_t proto, uint32_t length) {
  SampledPacket p;
  p.src_mac = 0x020000000001, p.dst_mac = 0x020000000002;
  p.src = IpAddress::v4(0xc0000201), p.dst = IpAddress::v4(0xc6336402), p.next_hop = IpAddress::v4(0x0a000001);
  p.length = length, p.proto = proto, p.src_port = 443, p.dst_port = 50'000, p.tcp_flags = 0x12, p.tos = 0xb8;
  p.src_vlan = 10, p.dst_vlan = 20, p.src_mask = 24, p.dst_mask = 16;
  return p;
}

uint32_t word(const std::vector<uint8_t>& bytes, size_t index) { return load_be32(bytes.data() + 4 * index); }

TEST(SflowWriter, LaysOutADatagram) {
  std::vector<uint8_t> bytes(1'400);
  SflowWriter writer(bytes);
  FlowSampleHeader sample;
  sample.sequence = 7, sample.source = {0, 3}, sample.sampling_rate = 100, sample.input = 3, sample.output = 4;
  ASSERT_TRUE(writer.add(sample, 700, packet(6, 1'500)));
  size_t size = writer.finish({IpAddress::v4(0x7f000001), 2, 5, 1'000, 0});
  bytes.resize(size);
  std::vector<uint32_t> header, first, rest;
  for (size_t i = 0; i < 7; ++i) header.push_back(word(bytes, i));
  EXPECT_EQ(header, (std::vector<uint32_t>{5, 1, 0x7f000001, 2, 5, 1'000, 1}));
  // format, length (32 + 152 + 24 + 24), sequence, source, rate, pool, drops, input, output, records; record 1: format,
  // length (16 + 128), Ethernet, length of the frame (1,500 + 18), stripped, length of the header
  for (size_t i = 7; i < 23; ++i) first.push_back(word(bytes, i));
  EXPECT_EQ(first, (std::vector<uint32_t>{1, 232, 7, 3, 100, 700, 0, 3, 4, 3, 1, 144, 1, 1'518, 4, 128}));
  // extended_switch and extended_router
  for (size_t i = 23 + 32; i < size / 4; ++i) rest.push_back(word(bytes, i));
  EXPECT_EQ(rest, (std::vector<uint32_t>{1001, 16, 10, 0, 20, 0, 1002, 16, 1, 0x0a000001, 24, 16}));
}

TEST(SflowWriter, FramesMatchThePacket) {
  std::array<uint8_t, kSampledHeaderBytes> frame;
  PacketHeaders h;
  size_t size = SflowWriter::write_frame(frame.data(), packet(6, 40));
  EXPECT_EQ(size, 60u) << "the least that Ethernet carries";
  parse_packet_headers(HeaderStart::ethernet, Bytes(frame).first(size), h);
  EXPECT_EQ(h.src_mac, 0x020000000001u);
  EXPECT_EQ(h.src.to_string(), "192.0.2.1");
  EXPECT_EQ(h.tos, 0xb8);
  EXPECT_EQ(h.src_port, 443);
  EXPECT_EQ(h.tcp_flags, 0x12);
  EXPECT_EQ(h.layers, 3);
  SampledPacket six = packet(17, 1'400);
  uint8_t address[16] = {0x20, 0x01, 0x0d, 0xb8};
  six.src = six.dst = IpAddress::v6(address);
  EXPECT_EQ(SflowWriter::write_frame(frame.data(), six), kSampledHeaderBytes);
  parse_packet_headers(HeaderStart::ethernet, frame, h);
  EXPECT_EQ(h.ip_version, 6);
  EXPECT_EQ(h.tos, 0xb8);
  EXPECT_EQ(h.dst_port, 50'000);
  EXPECT_EQ(load_be16(frame.data() + 18), 1'360) << "payload";
}

TEST(SflowWriter, RefusesWhatDoesNotFit) {
  std::vector<uint8_t> bytes(28 + SflowWriter::kMaxSampleBytes);
  SflowWriter writer(bytes);
  EXPECT_TRUE(writer.add({}, 0, packet(6, 1'500)));
  EXPECT_FALSE(writer.add({}, 0, packet(6, 1'500)));
  EXPECT_LE(writer.finish({IpAddress::v4(1), 0, 1, 1, 0}), bytes.size());
}

}  // namespace
}  // namespace weir
