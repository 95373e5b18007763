// SPDX-License-Identifier: Apache-2.0
// SampledFlow: collects the flow records of one sFlow sample until a row can be written. Records may come in any order.
// A field is taken from the packet's own header (sampled_header) if that contains it, else from sampled_ipv4, _ipv6 or
// sampled_ethernet. The length of the packet is that of the header's frame, else sampled_ethernet's, else that of the
// IP packet. Of two records of the same kind the later is used.
//
//   in       flow records, one at a time
//   out      a mask and a row
//   threads  none; allocates nothing
//   memory   the struct, reused; only the first limits::kListValues values of a list are used
#pragma once

#include <array>

#include "decode/header_rows.h"
#include "wire/sflow.h"

namespace weir {

class SampledFlow {
 public:
  // Clears the previous sample. Keeps views into the datagram, which are valid as long as it is.
  void begin(const FlowSampleHeader& sample, bool discarded);
  // Adds a record of a format of sflow.org; formats that are not read here are skipped. False if it ends early.
  bool add(FlowRecordFormat format, Bytes record);

  FieldMask fields() const;
  void put(FlowBatch& batch, uint32_t row) const;

 private:
  bool add_header(ByteReader& in);
  bool add_ethernet(ByteReader& in);
  bool add_ip(ByteReader& in, uint8_t version);
  bool add_switch(ByteReader& in);
  bool add_router(ByteReader& in);
  bool add_gateway(ByteReader& in);
  bool read_as_path(ByteReader& in, uint32_t& first, uint32_t& last);
  bool add_nat(ByteReader& in);
  bool add_nat_ports(ByteReader& in);
  // Which record gave the packet's length, the best first.
  enum class LengthOf : uint8_t { header, ethernet, ip, none };
  void tell_length(LengthOf who, uint64_t octets);
  void set(std::initializer_list<Field> fields) {
    for (Field field : fields) fields_.set(field);
  }

  FieldMask fields_;            // of the sample and its extended records
  FieldMask header_fields_;     // of `headers_`: parsed from the packet's own header
  FieldMask shown_;             // of these, those that the header was long enough to contain
  FieldMask announced_fields_;  // of `announced_`: the packet as parsed by the agent
  FlowSampleHeader sample_;
  PacketHeaders headers_, announced_;
  LengthOf length_of_ = LengthOf::none;
  uint64_t bytes_ = 0;
  IpAddress next_hop_, bgp_next_hop_, nat_src_, nat_dst_;
  uint32_t src_as_ = 0, dst_as_ = 0, next_hop_as_ = 0;
  uint16_t src_vlan_ = 0, dst_vlan_ = 0, nat_src_port_ = 0, nat_dst_port_ = 0;
  uint8_t src_net_ = 0, dst_net_ = 0;
  Bytes communities_;  // 4 octets each
  uint32_t path_length_ = 0;
  std::array<uint32_t, limits::kListValues> as_path_;
};

}  // namespace weir
