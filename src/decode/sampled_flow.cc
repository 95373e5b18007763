// SPDX-License-Identifier: Apache-2.0
#include "decode/sampled_flow.h"

#include <algorithm>
#include <optional>

namespace weir {
namespace {

// What a header starts with, by sFlow's header_protocol; nothing for protocols that are not read.
std::optional<HeaderStart> header_start(uint32_t protocol) {
  switch (protocol) {
    case 1:
      return HeaderStart::ethernet;
    case 7:   // PPP
    case 14:  // POS (RFC 1662, RFC 2615)
      return HeaderStart::ppp;
    case 11:  // IPv4
    case 12:  // IPv6
      return HeaderStart::ip;
    case 13:
      return HeaderStart::mpls;
    default:
      return std::nullopt;
  }
}

template <class T>
T fitting(uint32_t value) {
  return static_cast<T>(std::min<uint32_t>(value, std::numeric_limits<T>::max()));
}

constexpr size_t kUnpaddedEthernet = 20;  // octets of a sampled_ethernet record from agents that do not pad

// An Ethernet address: six octets, which XDR pads to eight.
uint64_t read_mac(ByteReader& in, bool padded) {
  if (padded) return in.u64() >> 16;
  const Bytes octets = in.take(6);
  return octets.empty() ? 0 : load_be_any(octets.data(), 6);
}

}  // namespace

void SampledFlow::begin(const FlowSampleHeader& sample, bool discarded) {
  sample_ = sample;
  fields_ = header_fields_ = shown_ = announced_fields_ = {};
  length_of_ = LengthOf::none;
  set({Field::packets, Field::in_if, Field::out_if});
  if (sample.sampling_rate) fields_.set(Field::sampling_rate);
  if (discarded) fields_.set(Field::drop_reason);
  path_length_ = 0;
  communities_ = {};
}

bool SampledFlow::add(FlowRecordFormat format, Bytes record) {
  ByteReader in(record);
  switch (format) {
    case FlowRecordFormat::sampled_header:
      return add_header(in);
    case FlowRecordFormat::sampled_ethernet:
      return add_ethernet(in);
    case FlowRecordFormat::sampled_ipv4:
      return add_ip(in, 4);
    case FlowRecordFormat::sampled_ipv6:
      return add_ip(in, 6);
    case FlowRecordFormat::extended_switch:
      return add_switch(in);
    case FlowRecordFormat::extended_router:
      return add_router(in);
    case FlowRecordFormat::extended_gateway:
      return add_gateway(in);
    case FlowRecordFormat::extended_nat:
      return add_nat(in);
    case FlowRecordFormat::extended_nat_port:
      return add_nat_ports(in);
  }
  return true;
}

// Protocol, length of the frame, octets stripped from it, header. The record may end before the header does.
bool SampledFlow::add_header(ByteReader& in) {
  uint32_t protocol = in.u32(), frame = in.u32();
  in.u32();  // stripped
  uint32_t length = in.u32();
  if (in.failed()) return false;
  tell_length(LengthOf::header, frame);
  bool whole = length <= in.remaining();
  Bytes header = in.take(std::min<size_t>(length, in.remaining()));
  if (std::optional<HeaderStart> start = header_start(protocol)) {
    parse_packet_headers(*start, header, headers_);
    header_fields_ = header_fields(headers_);
    shown_ = shown_fields(headers_);
  }
  return whole;
}

void SampledFlow::tell_length(LengthOf who, uint64_t octets) {
  fields_.set(Field::bytes);
  if (who > length_of_) return;
  length_of_ = who;
  bytes_ = octets;
}

// Length, source, destination, type. The type from an IP record takes precedence.
bool SampledFlow::add_ethernet(ByteReader& in) {
  const bool padded = in.remaining() != kUnpaddedEthernet;
  uint32_t length = in.u32();
  uint64_t src = read_mac(in, padded), dst = read_mac(in, padded);
  uint32_t type = in.u32();
  if (in.failed()) return false;
  tell_length(LengthOf::ethernet, length);
  announced_.src_mac = src;
  announced_.dst_mac = dst;
  announced_fields_.set(Field::src_mac);
  announced_fields_.set(Field::dst_mac);
  if (type >= 0x0600 && type <= 0xffff && !announced_fields_.has(Field::etype)) {
    announced_.etype = static_cast<uint16_t>(type);
    announced_fields_.set(Field::etype);
  }
  return true;
}

// Length, protocol, source, destination, ports, TCP flags, type of service (IPv6: priority).
bool SampledFlow::add_ip(ByteReader& in, uint8_t version) {
  uint32_t length = in.u32(), protocol = in.u32();
  Bytes src = in.take(version == 4 ? 4 : 16), dst = in.take(version == 4 ? 4 : 16);
  uint32_t src_port = in.u32(), dst_port = in.u32(), flags = in.u32(), tos = in.u32();
  if (in.failed()) return false;
  auto address = [&](Bytes octets) {
    return version == 4 ? IpAddress::v4(load_be32(octets.data())) : IpAddress::v6(octets.data());
  };
  tell_length(LengthOf::ip, length);
  announced_.src = address(src);
  announced_.dst = address(dst);
  announced_.etype = version == 4 ? 0x0800 : 0x86dd;
  announced_.proto = static_cast<uint8_t>(protocol);
  announced_.src_port = static_cast<uint16_t>(src_port);
  announced_.dst_port = static_cast<uint16_t>(dst_port);
  announced_.tos = static_cast<uint8_t>(tos);
  announced_.tcp_flags = protocol == 6 ? static_cast<uint8_t>(flags) : 0;
  for (Field field : {Field::src_addr, Field::dst_addr, Field::etype, Field::proto, Field::src_port, Field::dst_port,
                      Field::tcp_flags, Field::ip_tos})
    announced_fields_.set(field);
  return true;
}

// Incoming VLAN and priority, outgoing VLAN and priority; 2^32 - 1 means unknown.
bool SampledFlow::add_switch(ByteReader& in) {
  uint32_t src = in.u32();
  in.u32();
  uint32_t dst = in.u32();
  in.u32();
  if (in.failed()) return false;
  src_vlan_ = static_cast<uint16_t>(src);
  dst_vlan_ = static_cast<uint16_t>(dst);
  if (src <= 0xffff) fields_.set(Field::src_vlan);
  if (dst <= 0xffff) fields_.set(Field::dst_vlan);
  return true;
}

bool SampledFlow::add_router(ByteReader& in) {
  IpAddress next_hop;
  if (!read_xdr_address(in, next_hop)) return false;
  uint32_t src = in.u32(), dst = in.u32();
  if (in.failed()) return false;
  next_hop_ = next_hop;
  src_net_ = fitting<uint8_t>(src);
  dst_net_ = fitting<uint8_t>(dst);
  set({Field::next_hop, Field::src_net, Field::dst_net});
  return true;
}

// Next hop, the router's AS, source's AS, source's peer AS, path to the destination (segments), communities, local
// preference. An AS number of 0 means the router's own AS.
bool SampledFlow::add_gateway(ByteReader& in) {
  IpAddress next_hop;
  if (!read_xdr_address(in, next_hop)) return false;
  uint32_t own = in.u32(), src = in.u32();
  in.u32();
  uint32_t first = 0, last = own;
  if (!read_as_path(in, first, last)) return false;
  uint32_t communities = in.u32();
  if (in.failed() || communities > in.remaining() / 4) return false;
  Bytes list = in.take(size_t{4} * communities);
  in.u32();  // local preference
  if (in.failed()) return false;
  bgp_next_hop_ = next_hop;
  communities_ = list.first(std::min(list.size(), 4 * limits::kListValues));
  src_as_ = src ? src : own;
  dst_as_ = last;
  next_hop_as_ = first;
  set({Field::bgp_next_hop, Field::src_as, Field::dst_as, Field::next_hop_as, Field::bgp_communities, Field::as_path});
  return true;
}

// Segments: type (1 set, 2 sequence), count, AS numbers.
bool SampledFlow::read_as_path(ByteReader& in, uint32_t& first, uint32_t& last) {
  path_length_ = 0;
  uint32_t segments = in.u32();
  if (in.failed() || segments > in.remaining() / 8) return false;
  for (uint32_t s = 0; s < segments; ++s) {
    in.u32();
    uint32_t count = in.u32();
    if (in.failed() || count > in.remaining() / 4) return false;
    for (uint32_t i = 0; i < count; ++i) {
      last = in.u32();
      if (path_length_ == 0) first = last;
      if (path_length_ < as_path_.size()) as_path_[path_length_++] = last;
    }
  }
  return true;
}

bool SampledFlow::add_nat(ByteReader& in) {
  IpAddress src, dst;
  if (!read_xdr_address(in, src) || !read_xdr_address(in, dst)) return false;
  nat_src_ = src;
  nat_dst_ = dst;
  set({Field::post_nat_src_addr, Field::post_nat_dst_addr});
  return true;
}

bool SampledFlow::add_nat_ports(ByteReader& in) {
  uint32_t src = in.u32(), dst = in.u32();
  if (in.failed()) return false;
  nat_src_port_ = static_cast<uint16_t>(src);
  nat_dst_port_ = static_cast<uint16_t>(dst);
  set({Field::post_nat_src_port, Field::post_nat_dst_port});
  return true;
}

FieldMask SampledFlow::fields() const {
  FieldMask all = fields_;
  all |= header_fields_;
  all |= announced_fields_;
  return all;
}

void SampledFlow::put(FlowBatch& batch, uint32_t row) const {
  put_headers(headers_, header_fields_, batch, row);
  if (announced_fields_ != FieldMask{}) put_headers(announced_, announced_fields_.without(shown_), batch, row);
  auto put = [&]<class T>(Field field, T value) {
    if (fields_.has(field)) batch.column<T>(field)[row] = value;
  };
  put(Field::packets, uint64_t{1});
  put(Field::bytes, bytes_);
  put(Field::sampling_rate, uint64_t{sample_.sampling_rate});
  put(Field::in_if, sample_.input);
  put(Field::out_if, sample_.output);
  put(Field::drop_reason, sample_.drop_reason);
  put(Field::src_vlan, src_vlan_);
  put(Field::dst_vlan, dst_vlan_);
  put(Field::next_hop, next_hop_);
  put(Field::src_net, src_net_);
  put(Field::dst_net, dst_net_);
  put(Field::bgp_next_hop, bgp_next_hop_);
  put(Field::src_as, src_as_);
  put(Field::dst_as, dst_as_);
  put(Field::next_hop_as, next_hop_as_);
  put(Field::post_nat_src_addr, nat_src_);
  put(Field::post_nat_dst_addr, nat_dst_);
  put(Field::post_nat_src_port, nat_src_port_);
  put(Field::post_nat_dst_port, nat_dst_port_);
  if (!fields_.has(Field::as_path)) return;
  auto& arena = batch.list_numbers();
  put(Field::as_path, ListRef{static_cast<uint32_t>(arena.size()), path_length_});
  arena.insert(arena.end(), as_path_.begin(), as_path_.begin() + path_length_);
  put(Field::bgp_communities,
      ListRef{static_cast<uint32_t>(arena.size()), static_cast<uint32_t>(communities_.size() / 4)});
  for (size_t i = 0; i < communities_.size(); i += 4) arena.push_back(load_be32(communities_.data() + i));
}

}  // namespace weir
