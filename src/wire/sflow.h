// SPDX-License-Identifier: Apache-2.0
// sFlow version 5 ("sFlow Datagram Format", sflow.org/sflow_version_5.txt; dropped packets: sflow_drops.txt): the
// datagram's header, and flow samples and notifications of dropped packets up to their flow records. All numbers are
// XDR: four octets, and what is no multiple of four is padded.
//
//   threads  any; allocates nothing
//   failure  false where the bytes end early
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/ip_address.h"
#include "base/protocol.h"

namespace weir {

struct SflowHeader {
  IpAddress agent;
  uint32_t sub_agent = 0;
  uint32_t sequence = 0;   // of the datagram, per agent and sub-agent
  uint32_t uptime_ms = 0;  // of the agent
  uint32_t samples = 0;    // that the datagram claims to hold
};

// Version (5), address, sub-agent, sequence, uptime, count. What is wrong with it, or kCount.
Malformed read_sflow_header(ByteReader& in, SflowHeader& header);

// Formats of the samples and of the flow records that sflow.org has defined: enterprise (20 bits, 0), format (12).
enum class SampleFormat : uint32_t {
  flow = 1,
  counters = 2,
  expanded_flow = 3,
  expanded_counters = 4,
  discarded_packet = 5
};
enum class FlowRecordFormat : uint32_t {
  sampled_header = 1,
  sampled_ethernet = 2,
  sampled_ipv4 = 3,
  sampled_ipv6 = 4,
  extended_switch = 1001,
  extended_router = 1002,
  extended_gateway = 1003,
  extended_nat = 1007,
  extended_nat_port = 1020
};

// Who counts a sample: class (0 interface, 1 VLAN, 2 entity) and index; of the agent and sub-agent of the datagram.
struct SampleSource {
  uint32_t type = 0;
  uint32_t index = 0;
  bool operator==(const SampleSource&) const = default;
};

struct FlowSampleHeader {
  uint32_t sequence = 0;  // of the source's samples of this kind
  SampleSource source;
  uint32_t sampling_rate = 0;  // one in so many packets; 0 for a discarded packet
  // Interfaces. 0 where the agent tells something else there: why the packet was dropped, or how many interfaces it
  // left by. 0x3fffffff: it came from or went to the agent itself.
  uint32_t input = 0, output = 0;
  uint32_t drop_reason = 0;  // of a discarded packet
  uint32_t records = 0;      // that the sample claims to hold
};

// `format`: flow, expanded_flow or discarded_packet.
bool read_flow_sample_header(ByteReader& in, SampleFormat format, FlowSampleHeader& sample);

// Sequence and source, with which every kind of sample begins.
bool read_sample_source(ByteReader& in, bool expanded, uint32_t& sequence, SampleSource& source);

// So many octets of a variable length, and what pads them to a multiple of four (RFC 4506 §4.10), so far as it is
// there.
Bytes take_opaque(ByteReader& in, size_t length);

// Address type (1 IPv4, 2 IPv6; 0 unknown, no octets) and address; false also for another type.
bool read_xdr_address(ByteReader& in, IpAddress& address);

}  // namespace weir
