// SPDX-License-Identifier: Apache-2.0
// Reads sFlow version 5 ("sFlow Datagram Format", sflow.org/sflow_version_5.txt; dropped packets: sflow_drops.txt): the
// datagram's header, and flow samples and notifications of dropped packets up to their flow records. All numbers are
// XDR: four octets; anything that is not a multiple of four octets is padded.
//
//   threads  any; allocates nothing
//   failure  false if the bytes end early
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
  uint32_t samples = 0;    // number that the datagram claims to contain
};

// Reads version (5), address, sub-agent, sequence, uptime, count. Returns the error, or kCount if there is none.
Malformed read_sflow_header(ByteReader& in, SflowHeader& header);

// Formats of samples and flow records defined by sflow.org: enterprise (20 bits, 0), format (12 bits).
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

// The source of a sample: class (0 interface, 1 VLAN, 2 entity) and index, within the datagram's agent and sub-agent.
struct SampleSource {
  uint32_t type = 0;
  uint32_t index = 0;
  bool operator==(const SampleSource&) const = default;
};

struct FlowSampleHeader {
  uint32_t sequence = 0;  // counts the source's samples of this kind
  SampleSource source;
  uint32_t sampling_rate = 0;  // one in N packets; 0 for a discarded packet
  // Interfaces. 0 if the field has another meaning: why the packet was dropped, or the number of interfaces it left by.
  // 0x3fffffff: the packet came from or went to the agent itself.
  uint32_t input = 0, output = 0;
  uint32_t drop_reason = 0;  // for a discarded packet
  uint32_t records = 0;      // number that the sample claims to contain
};

// `format`: flow, expanded_flow or discarded_packet.
bool read_flow_sample_header(ByteReader& in, SampleFormat format, FlowSampleHeader& sample);

// Reads the sequence number and source, with which every kind of sample begins.
bool read_sample_source(ByteReader& in, bool expanded, uint32_t& sequence, SampleSource& source);

// Takes `length` octets and the padding to a multiple of four (RFC 4506 §4.10), as far as they are present.
Bytes take_opaque(ByteReader& in, size_t length);

// Reads address type (1 IPv4, 2 IPv6; 0 unknown, without octets) and address; false also for any other type.
bool read_xdr_address(ByteReader& in, IpAddress& address);

}  // namespace weir
