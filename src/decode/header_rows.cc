// SPDX-License-Identifier: Apache-2.0
#include "decode/header_rows.h"

namespace weir {
namespace {

// One row, and which of its fields to write.
struct Row {
  const FieldMask& fields;
  FlowBatch& batch;
  uint32_t row;

  template <class T>
  void put(Field field, T value) const {
    if (fields.has(field)) batch.column<T>(field)[row] = value;
  }
  template <class Value>
  void put_numbers(Field field, uint32_t count, Value value) const {
    if (!fields.has(field)) return;
    auto& arena = batch.list_numbers();
    batch.column<ListRef>(field)[row] = {static_cast<uint32_t>(arena.size()), count};
    for (uint32_t i = 0; i < count; ++i) arena.push_back(value(i));
  }
};

void put_link(const PacketHeaders& h, const Row& row) {
  row.put(Field::src_mac, h.src_mac);
  row.put(Field::dst_mac, h.dst_mac);
  row.put(Field::etype, h.etype);
  row.put(Field::vlan_id, h.vlan);
  row.put_numbers(Field::mpls_label, h.labels, [&](uint32_t i) { return h.label[i]; });
  row.put_numbers(Field::mpls_ttl, h.labels, [&](uint32_t i) { return h.label_ttl[i]; });
}

void put_network(const PacketHeaders& h, const Row& row) {
  row.put(Field::src_addr, h.src);
  row.put(Field::dst_addr, h.dst);
  row.put(Field::proto, h.proto);
  row.put(Field::ip_tos, h.tos);
  row.put(Field::ip_ttl, h.ttl);
  row.put(Field::ipv6_flow_label, h.flow_label);
  row.put(Field::ip_flags, h.ip_flags);
  row.put(Field::fragment_id, h.fragment_id);
  row.put(Field::fragment_offset, uint32_t{h.fragment_offset});
}

void put_routing(const PacketHeaders& h, const Row& row) {
  row.put(Field::ipv6_routing_header_seg_left, uint32_t{h.segments_left});
  if (!row.fields.has(Field::ipv6_routing_header_addresses)) return;
  auto& arena = row.batch.list_addresses();
  auto count = static_cast<uint32_t>(h.routing_addresses.size() / 16);
  row.batch.column<ListRef>(Field::ipv6_routing_header_addresses)[row.row] = {static_cast<uint32_t>(arena.size()),
                                                                              count};
  for (uint32_t i = 0; i < count; ++i) arena.push_back(IpAddress::v6(h.routing_addresses.data() + size_t{16} * i));
}

void put_transport(const PacketHeaders& h, const Row& row) {
  row.put(Field::src_port, h.src_port);
  row.put(Field::dst_port, h.dst_port);
  row.put(Field::tcp_flags, uint16_t{h.tcp_flags});
  row.put(Field::icmp_type, h.icmp_type);
  row.put(Field::icmp_code, h.icmp_code);
}

}  // namespace

FieldMask header_fields(const PacketHeaders& h) {
  FieldMask mask;
  auto add = [&](bool has, std::initializer_list<Field> fields) {
    if (!has) return;
    for (Field field : fields) mask.set(field);
  };
  add(h.has_macs, {Field::src_mac, Field::dst_mac, Field::vlan_id});
  add(h.has_etype, {Field::etype});
  add(h.vlans > 0, {Field::vlan_id});
  add(h.labels > 0, {Field::mpls_label, Field::mpls_ttl});
  add(h.ip_version != 0, {Field::src_addr, Field::dst_addr, Field::proto, Field::ip_tos, Field::ip_ttl,
                          Field::ipv6_flow_label, Field::ip_flags, Field::fragment_id, Field::fragment_offset,
                          Field::src_port, Field::dst_port, Field::tcp_flags, Field::icmp_type, Field::icmp_code});
  add(h.has_routing, {Field::ipv6_routing_header_seg_left, Field::ipv6_routing_header_addresses});
  add(h.layers > 0, {Field::layer_stack, Field::layer_size});
  return mask;
}

FieldMask shown_fields(const PacketHeaders& h) {
  FieldMask unseen;
  if (!h.has_ports && !h.has_icmp) unseen.set(Field::src_port), unseen.set(Field::dst_port);
  if (!h.has_tcp_flags) unseen.set(Field::tcp_flags);
  return header_fields(h).without(unseen);
}

void put_headers(const PacketHeaders& h, const FieldMask& fields, FlowBatch& batch, uint32_t row) {
  Row to{fields, batch, row};
  put_link(h, to);
  put_network(h, to);
  put_routing(h, to);
  put_transport(h, to);
  to.put_numbers(Field::layer_stack, h.layers, [&](uint32_t i) { return static_cast<uint32_t>(h.layer[i]); });
  to.put_numbers(Field::layer_size, h.layers, [&](uint32_t i) { return h.layer_size[i]; });
}

}  // namespace weir
