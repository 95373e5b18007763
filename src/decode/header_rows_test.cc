// SPDX-License-Identifier: Apache-2.0
#include "decode/header_rows.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(HeaderRows, WritesAllFieldsThatAPacketCouldHave) {
  PacketHeaders h;
  h.has_macs = h.has_etype = h.has_ports = h.has_fragment = true;
  h.src_mac = 1, h.dst_mac = 2, h.etype = 0x0800, h.ip_version = 4, h.vlans = 1, h.vlan = 12;
  h.src = IpAddress::v4(0x0a000001), h.dst = IpAddress::v4(0x0a000002), h.proto = 17, h.tos = 3, h.ttl = 4;
  h.fragment_id = 5, h.fragment_offset = 6, h.ip_flags = 1, h.src_port = 53, h.dst_port = 54;
  h.layers = 2, h.layer[0] = PacketLayer::ethernet, h.layer[1] = PacketLayer::vxlan;
  h.layer_size[0] = 14, h.layer_size[1] = 8;
  FieldMask mask = header_fields(h);
  EXPECT_FALSE(mask.has(Field::mpls_label));
  EXPECT_FALSE(mask.has(Field::ipv6_routing_header_seg_left));

  FlowBatch batch;
  batch.append_run(2);
  put_headers(h, mask, batch, 1);
  EXPECT_EQ(batch.number(Field::src_mac, 1), 1u);
  EXPECT_EQ(batch.number(Field::dst_mac, 1), 2u);
  EXPECT_EQ(batch.number(Field::etype, 1), 0x0800u);
  EXPECT_EQ(batch.number(Field::vlan_id, 1), 12u);
  EXPECT_EQ(batch.column<IpAddress>(Field::src_addr)[1].to_string(), "10.0.0.1");
  EXPECT_EQ(batch.column<IpAddress>(Field::dst_addr)[1].to_string(), "10.0.0.2");
  EXPECT_EQ(batch.number(Field::proto, 1), 17u);
  EXPECT_EQ(batch.number(Field::ip_tos, 1), 3u);
  EXPECT_EQ(batch.number(Field::ip_ttl, 1), 4u);
  EXPECT_EQ(batch.number(Field::fragment_id, 1), 5u);
  EXPECT_EQ(batch.number(Field::fragment_offset, 1), 6u);
  EXPECT_EQ(batch.number(Field::ip_flags, 1), 1u);
  EXPECT_EQ(batch.number(Field::src_port, 1), 53u);
  EXPECT_EQ(batch.number(Field::dst_port, 1), 54u);
  for (Field none : {Field::tcp_flags, Field::icmp_type, Field::icmp_code, Field::ipv6_flow_label}) {
    EXPECT_TRUE(mask.has(none));
    EXPECT_EQ(batch.number(none, 1), 0u);
  }
  ListRef stack = batch.column<ListRef>(Field::layer_stack)[1], sizes = batch.column<ListRef>(Field::layer_size)[1];
  ASSERT_EQ(stack.count, 2u);
  EXPECT_EQ(batch.list_numbers()[stack.first + 1], 1003u);
  EXPECT_EQ(batch.list_numbers()[sizes.first], 14u);
}

TEST(HeaderRows, WithoutAnIpHeaderThereAreNoIpFields) {
  PacketHeaders h;
  h.has_macs = h.has_etype = true;
  h.etype = 0x0806;
  FieldMask mask = header_fields(h);
  for (Field field : {Field::src_mac, Field::dst_mac, Field::vlan_id, Field::etype}) EXPECT_TRUE(mask.has(field));
  for (Field field : {Field::src_addr, Field::proto, Field::src_port, Field::tcp_flags}) EXPECT_FALSE(mask.has(field));
}

TEST(HeaderRows, DoesNotWriteFieldsThatAreNotRequested) {
  PacketHeaders h;
  h.ip_version = 6;
  h.has_ports = h.has_tcp_flags = h.has_icmp = h.has_routing = true;
  h.src_port = 1, h.dst_port = 2, h.tcp_flags = 0x12, h.icmp_type = 3, h.icmp_code = 4, h.segments_left = 2;
  uint8_t addresses[32] = {0x20, 0x01};
  addresses[31] = 9;
  h.routing_addresses = addresses;
  h.labels = 2, h.label[0] = 70, h.label[1] = 71, h.label_ttl[1] = 64;
  FlowBatch batch;
  batch.append_run(1);
  batch.column<uint16_t>(Field::src_port)[0] = 4711;
  FieldMask mask = header_fields(h);
  mask.clear(Field::src_port);
  put_headers(h, mask, batch, 0);
  EXPECT_EQ(batch.number(Field::src_port, 0), 4711u);
  EXPECT_EQ(batch.number(Field::dst_port, 0), 2u);
  EXPECT_EQ(batch.number(Field::tcp_flags, 0), 0x12u);
  EXPECT_EQ(batch.number(Field::icmp_type, 0), 3u);
  EXPECT_EQ(batch.number(Field::icmp_code, 0), 4u);
  EXPECT_EQ(batch.number(Field::ipv6_routing_header_seg_left, 0), 2u);
  ListRef routing = batch.column<ListRef>(Field::ipv6_routing_header_addresses)[0];
  ASSERT_EQ(routing.count, 2u);
  EXPECT_EQ(batch.list_addresses()[routing.first].to_string(), "2001::");
  EXPECT_EQ(batch.list_addresses()[routing.first + 1].to_string(), "::9");
  ListRef labels = batch.column<ListRef>(Field::mpls_label)[0], ttls = batch.column<ListRef>(Field::mpls_ttl)[0];
  EXPECT_EQ(batch.list_numbers()[labels.first + 1], 71u);
  EXPECT_EQ(batch.list_numbers()[ttls.first + 1], 64u);
}

}  // namespace
}  // namespace weir
