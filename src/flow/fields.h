// SPDX-License-Identifier: Apache-2.0
// The record's fields: one table of every field that a flow can have. JSON, CSV, Protobuf, DDL, documentation and
// command-line options all use it; no field is listed anywhere else.
//
// The first 50 are GoFlow2's flow message in its own order (2.2.6), with its names and Protobuf numbers;
// Weir's own fields follow, numbered from 1000.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/limits.h"

namespace weir {

// How a value is stored in memory. `run` values are the same for a whole run of rows and are in the run's header; lists
// are consecutive values in the batch's list arena, texts are in its text arena.
enum class Column : uint8_t { run, u8, u16, u32, u64, i64, f64, time_ns, address, list_u32, list_address, text };

// How JSON and CSV write a value (as GoFlow2 does).
enum class Spelling : uint8_t { type, number, address, mac, etype, proto, src_net, dst_net, layer, text, boolean };

// clang-format off
// WEIR_FIELD(name, column, spelling, protobuf number, SQL type, source, meaning)
#define WEIR_GOFLOW2_FIELDS(WEIR_FIELD) \
  WEIR_FIELD(type,                  run,     type,    1,   "VARCHAR",   "version of the datagram", "Protocol the record came in: NETFLOW_V5, NETFLOW_V9, IPFIX, NETFLOW_V1, NETFLOW_V7, SFLOW_5") \
  WEIR_FIELD(time_received_ns,      run,     number,  110, "BIGINT",    "collector's clock", "When the datagram was received, ns since 1970 UTC") \
  WEIR_FIELD(sequence_num,          run,     number,  4,   "UINTEGER",  "datagram header", "Sequence number of the datagram, in the protocol's own unit") \
  WEIR_FIELD(sampling_rate,         u64,     number,  3,   "UBIGINT",   "IE 34, 50, 305/306, 309/310, 311; options data; v5 header; configuration; sFlow sample", "One packet in this many was sampled; 0: unknown") \
  WEIR_FIELD(sampler_address,       run,     address, 11,  "VARCHAR",   "IE 130, 131; else source address of the datagram; sFlow agent", "The exporter") \
  WEIR_FIELD(time_flow_start_ns,    time_ns, number,  111, "BIGINT",    "IE 22, 150, 152, 154, 156, 158; else 322-325", "First packet of the flow, ns since 1970 UTC") \
  WEIR_FIELD(time_flow_end_ns,      time_ns, number,  112, "BIGINT",    "IE 21, 151, 153, 155, 157, 159; else 322-325", "Last packet of the flow, ns since 1970 UTC") \
  WEIR_FIELD(bytes,                 u64,     number,  9,   "UBIGINT",   "IE 1; else 23, 85, 171, 231, 352, 353, 312; sFlow: length of the frame", "Octets as exported (not multiplied by the sampling rate)") \
  WEIR_FIELD(packets,               u64,     number,  10,  "UBIGINT",   "IE 2; else 24, 86, 172, 298, 430, 431; 1 for a frame", "Packets as exported") \
  WEIR_FIELD(src_addr,              address, address, 6,   "VARCHAR",   "IE 8, 27; else 44, 170; packet headers", "Source address") \
  WEIR_FIELD(dst_addr,              address, address, 7,   "VARCHAR",   "IE 12, 28; else 45, 169; packet headers", "Destination address") \
  WEIR_FIELD(etype,                 u16,     etype,   30,  "USMALLINT", "IE 60, 256; else by the address", "Ethertype: 0x0800 IPv4, 0x86DD IPv6") \
  WEIR_FIELD(proto,                 u8,      proto,   20,  "UTINYINT",  "IE 4; packet headers", "IP protocol number") \
  WEIR_FIELD(src_port,              u16,     number,  21,  "USMALLINT", "IE 7, 180, 182; packet headers", "Source port") \
  WEIR_FIELD(dst_port,              u16,     number,  22,  "USMALLINT", "IE 11, 181, 183; packet headers", "Destination port") \
  WEIR_FIELD(in_if,                 u32,     number,  18,  "UINTEGER",  "IE 10; else 252; sFlow sample", "Input interface (ifIndex)") \
  WEIR_FIELD(out_if,                u32,     number,  19,  "UINTEGER",  "IE 14; else 253; sFlow sample", "Output interface (ifIndex)") \
  WEIR_FIELD(src_mac,               u64,     mac,     27,  "VARCHAR",   "IE 56, 81; packet headers", "Source MAC address") \
  WEIR_FIELD(dst_mac,               u64,     mac,     28,  "VARCHAR",   "IE 80, 57; packet headers", "Destination MAC address") \
  WEIR_FIELD(src_vlan,              u16,     number,  33,  "USMALLINT", "IE 58; else 243, 245; sFlow extended switch", "VLAN the packets came in on") \
  WEIR_FIELD(dst_vlan,              u16,     number,  34,  "USMALLINT", "IE 59; else 254, 255; sFlow extended switch", "VLAN the packets went out on") \
  WEIR_FIELD(vlan_id,               u16,     number,  29,  "USMALLINT", "IE 58; else 243, 245; packet headers (the inner tag)", "VLAN (as src_vlan)") \
  WEIR_FIELD(ip_tos,                u8,      number,  23,  "UTINYINT",  "IE 5; packet headers", "Type of service / traffic class") \
  WEIR_FIELD(forwarding_status,     u32,     number,  24,  "UINTEGER",  "IE 89", "Forwarding status and reason (RFC 7270)") \
  WEIR_FIELD(ip_ttl,                u8,      number,  25,  "UTINYINT",  "IE 52; else 192, 53; packet headers", "Time to live / hop limit") \
  WEIR_FIELD(ip_flags,              u8,      number,  38,  "UTINYINT",  "IE 197; packet headers", "IPv4 fragmentation flags (top three bits of the byte)") \
  WEIR_FIELD(tcp_flags,             u16,     number,  26,  "USMALLINT", "IE 6; packet headers", "Union of the TCP flags seen") \
  WEIR_FIELD(icmp_type,             u8,      number,  31,  "UTINYINT",  "IE 32, 139, 176, 178; packet headers", "ICMP type") \
  WEIR_FIELD(icmp_code,             u8,      number,  32,  "UTINYINT",  "IE 32, 139, 177, 179; packet headers", "ICMP code") \
  WEIR_FIELD(ipv6_flow_label,       u32,     number,  37,  "UINTEGER",  "IE 31; packet headers", "IPv6 flow label") \
  WEIR_FIELD(fragment_id,           u32,     number,  35,  "UINTEGER",  "IE 54; packet headers", "IP identification") \
  WEIR_FIELD(fragment_offset,       u32,     number,  36,  "UINTEGER",  "IE 88; packet headers", "Fragment offset") \
  WEIR_FIELD(src_as,                u32,     number,  14,  "UINTEGER",  "IE 16; sFlow extended gateway", "Source AS number") \
  WEIR_FIELD(dst_as,                u32,     number,  15,  "UINTEGER",  "IE 17; sFlow extended gateway", "Destination AS number") \
  WEIR_FIELD(next_hop,              address, address, 12,  "VARCHAR",   "IE 15, 62; sFlow extended router", "Next hop") \
  WEIR_FIELD(next_hop_as,           u32,     number,  13,  "UINTEGER",  "IE 128; sFlow extended gateway", "AS of the next hop") \
  WEIR_FIELD(src_net,               u8,      src_net, 16,  "VARCHAR",   "IE 9, 29; sFlow extended router", "Source network: prefix length applied to src_addr") \
  WEIR_FIELD(dst_net,               u8,      dst_net, 17,  "VARCHAR",   "IE 13, 30; sFlow extended router", "Destination network: prefix length applied to dst_addr") \
  WEIR_FIELD(bgp_next_hop,          address, address, 100, "VARCHAR",   "IE 18, 63; sFlow extended gateway", "BGP next hop") \
  WEIR_FIELD(bgp_communities,       list_u32, number, 101, "UINTEGER[]", "IE 483 (also in 484, 485); sFlow extended gateway", "BGP communities") \
  WEIR_FIELD(as_path,               list_u32, number, 102, "UINTEGER[]", "IE 512; sFlow extended gateway", "AS path") \
  WEIR_FIELD(mpls_ttl,              list_u32, number, 80,  "UINTEGER[]", "IE 200, 316; packet headers", "TTLs of the MPLS label stack") \
  WEIR_FIELD(mpls_label,            list_u32, number, 81,  "UINTEGER[]", "IE 70-79, 316; packet headers", "Labels of the MPLS stack, top first") \
  WEIR_FIELD(mpls_ip,               list_address, address, 82, "VARCHAR[]", "IE 47, 140", "Address of the MPLS top label") \
  WEIR_FIELD(observation_domain_id, run,     number,  70,  "UINTEGER",  "datagram header", "Observation domain (v9: source id)") \
  WEIR_FIELD(observation_point_id,  u32,     number,  71,  "UINTEGER",  "IE 138", "Observation point") \
  WEIR_FIELD(layer_stack,           list_u32, layer,  103, "VARCHAR[]", "packet headers", "Protocol layers of a sampled header") \
  WEIR_FIELD(layer_size,            list_u32, number, 104,   "UINTEGER[]", "packet headers", "Sizes of those layers, octets") \
  WEIR_FIELD(ipv6_routing_header_addresses, list_address, address, 105, "VARCHAR[]", "IE 494, 496, 497; packet headers", "Addresses of an IPv6 routing header") \
  WEIR_FIELD(ipv6_routing_header_seg_left,  u32, number, 106, "UINTEGER", "IE 498; packet headers", "Segments left in an IPv6 routing header")

#define WEIR_OWN_FIELDS(WEIR_FIELD) \
  WEIR_FIELD(direction,             u8,      number,  1000, "UTINYINT",  "IE 61", "0 ingress, 1 egress") \
  WEIR_FIELD(flow_end_reason,       u8,      number,  1001, "UTINYINT",  "IE 136", "1 idle, 2 active timeout, 3 end detected, 4 forced, 5 lack of resources") \
  WEIR_FIELD(reverse_bytes,         u64,     number,  1002, "UBIGINT",   "PEN 29305 IE 1, 23, 85, 171; else IE 232, 23 beside 1", "Octets of the other direction (RFC 5103)") \
  WEIR_FIELD(reverse_packets,       u64,     number,  1003, "UBIGINT",   "PEN 29305 IE 2, 24, 86, 172; else IE 299, 24 beside 2", "Packets of the other direction (RFC 5103)") \
  WEIR_FIELD(post_nat_src_addr,     address, address, 1004, "VARCHAR",   "IE 225, 281; NetFlow v9 40001; sFlow extended NAT", "Source address after NAT") \
  WEIR_FIELD(post_nat_dst_addr,     address, address, 1005, "VARCHAR",   "IE 226, 282; NetFlow v9 40002; sFlow extended NAT", "Destination address after NAT") \
  WEIR_FIELD(post_nat_src_port,     u16,     number,  1006, "USMALLINT", "IE 227; NetFlow v9 40003; sFlow extended NAT", "Source port after NAPT") \
  WEIR_FIELD(post_nat_dst_port,     u16,     number,  1007, "USMALLINT", "IE 228; NetFlow v9 40004; sFlow extended NAT", "Destination port after NAPT") \
  WEIR_FIELD(nat_event,             u8,      number,  1008, "UTINYINT",  "IE 230", "NAT event (RFC 8158)") \
  WEIR_FIELD(firewall_event,        u8,      number,  1009, "UTINYINT",  "IE 233; NetFlow v9 40005", "Firewall event") \
  WEIR_FIELD(ingress_vrf_id,        u32,     number,  1010, "UINTEGER",  "IE 234", "VRF the packets came in on") \
  WEIR_FIELD(egress_vrf_id,         u32,     number,  1011, "UINTEGER",  "IE 235", "VRF the packets went out on") \
  WEIR_FIELD(application_id,        u64,     number,  1012, "UBIGINT",   "IE 95", "Application: engine id and selector (RFC 6759)") \
  WEIR_FIELD(flow_id,               u64,     number,  1013, "UBIGINT",   "IE 148", "Flow or connection number of the exporter") \
  WEIR_FIELD(sampler_id,            u64,     number,  1014, "UBIGINT",   "IE 48, 302", "Which sampler of the exporter chose the packets") \
  WEIR_FIELD(time_quality,          u8,      number,  1015, "UTINYINT",  "decoder", "Sum of 1: start after end; 2: more than a day after the export time; 4: received while the collector's clock was not believed") \
  WEIR_FIELD(in_if_name,            text,    text,    1016, "VARCHAR",   "IE 82; else 83; options data", "Name of the input interface") \
  WEIR_FIELD(out_if_name,           text,    text,    1017, "VARCHAR",   "IE 82 (else 83) after IE 14; options data", "Name of the output interface") \
  WEIR_FIELD(ingress_vrf_name,      text,    text,    1018, "VARCHAR",   "IE 236; options data", "Name of the VRF the packets came in on") \
  WEIR_FIELD(egress_vrf_name,       text,    text,    1019, "VARCHAR",   "options data", "Name of the VRF the packets went out on") \
  WEIR_FIELD(application_name,      text,    text,    1020, "VARCHAR",   "IE 96; else NetFlow v9 56701; options data", "Name of the application") \
  WEIR_FIELD(drop_reason,           u32,     number,  1021, "UINTEGER",  "sFlow discarded packet", "Why the packet was dropped: 0-255 the code of ICMP's destination unreachable; from 256: sflow_drops.txt") \
  WEIR_FIELD(nat_realm,             u8,      number,  1022, "UTINYINT",  "IE 229", "Realm that the flow came from: 1 inside (private), 2 outside (public)") \
  WEIR_FIELD(nat_pool_id,           u32,     number,  1023, "UINTEGER",  "IE 283", "Pool of addresses that the NAT drew from") \
  WEIR_FIELD(port_range_start,      u16,     number,  1024, "USMALLINT", "IE 361", "First port of a block that the NAT gave to a subscriber") \
  WEIR_FIELD(port_range_end,        u16,     number,  1025, "USMALLINT", "IE 362", "Last port of that block") \
  WEIR_FIELD(port_range_step,       u16,     number,  1026, "USMALLINT", "IE 363", "Distance between two ports of that block") \
  WEIR_FIELD(port_range_size,       u16,     number,  1027, "USMALLINT", "IE 364", "Number of ports in that block") \
  WEIR_FIELD(firewall_extended_event, u16,   number,  1028, "USMALLINT", "NetFlow v9 33002", "Why the firewall did so (Cisco ASA)") \
  WEIR_FIELD(nat_allocation_time_ns, time_ns, number, 1029, "BIGINT",    "IE 322-325 a second time", "When the NAT allocated the block of ports that the event is about, ns since 1970 UTC") \
  WEIR_FIELD(application,           text,    text,    1030, "VARCHAR",   "IE 95", "Application as engine:selector, of engine 20 as engine:enterprise:selector (RFC 6759)") \
  WEIR_FIELD(line_card_id,          u32,     number,  1031, "UINTEGER",  "IE 141", "Line card that metered the flow") \
  WEIR_FIELD(sender_address,        address, address, 1032, "VARCHAR",   "source address of the datagram", "Who sent the record, where the exporter is another one: a mediator")
// clang-format on

enum class Field : uint8_t {
#define WEIR_FIELD(name, ...) name,
  WEIR_GOFLOW2_FIELDS(WEIR_FIELD) WEIR_OWN_FIELDS(WEIR_FIELD)
#undef WEIR_FIELD
};

struct FieldInfo {
  Field field;
  std::string_view name;
  Column column;
  Spelling spelling;
  uint16_t protobuf_number;
  std::string_view sql_type;
  std::string_view source;
  std::string_view meaning;
};

inline constexpr FieldInfo kFields[] = {
#define WEIR_FIELD(name, column, spelling, number, sql, source, meaning) \
  {Field::name, #name, Column::column, Spelling::spelling, number, sql, source, meaning},
    WEIR_GOFLOW2_FIELDS(WEIR_FIELD) WEIR_OWN_FIELDS(WEIR_FIELD)
#undef WEIR_FIELD
};
inline constexpr size_t kFieldCount = std::size(kFields);
inline constexpr size_t kGoflow2FieldCount = 50;
static_assert(kFields[kGoflow2FieldCount].protobuf_number == 1000);
// Fields added by the configuration ([[field]], flow/field_table.h) are numbered after these.
inline constexpr size_t kFieldSlots = kFieldCount + limits::kExtraFields;
static_assert(kFieldSlots < 255);
inline constexpr Field extra_field(size_t index) { return static_cast<Field>(kFieldCount + index); }
inline constexpr bool is_extra(Field f) { return static_cast<size_t>(f) >= kFieldCount; }

// For fields of the table only; configured fields are described by their FieldTable.
inline constexpr const FieldInfo& info(Field f) { return kFields[static_cast<size_t>(f)]; }
inline constexpr bool is_goflow2(Field f) { return static_cast<size_t>(f) < kGoflow2FieldCount; }
// The field with that name, or nullptr.
const FieldInfo* find_field(std::string_view name);

// A set of fields.
struct FieldMask {
  std::array<uint64_t, (kFieldSlots + 63) / 64> bits{};

  constexpr bool has(Field f) const { return bits[index(f)] & bit(f); }
  constexpr void set(Field f) { bits[index(f)] |= bit(f); }
  constexpr void clear(Field f) { bits[index(f)] &= ~bit(f); }
  constexpr FieldMask& operator|=(const FieldMask& other) {
    for (size_t i = 0; i < bits.size(); ++i) bits[i] |= other.bits[i];
    return *this;
  }
  constexpr FieldMask without(const FieldMask& other) const {
    FieldMask rest;
    for (size_t i = 0; i < bits.size(); ++i) rest.bits[i] = bits[i] & ~other.bits[i];
    return rest;
  }
  bool operator==(const FieldMask&) const = default;

 private:
  static constexpr size_t index(Field f) { return static_cast<size_t>(f) / 64; }
  static constexpr uint64_t bit(Field f) { return 1ull << (static_cast<size_t>(f) % 64); }
};

}  // namespace weir
