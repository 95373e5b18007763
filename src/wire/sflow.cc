// SPDX-License-Identifier: Apache-2.0
#include "wire/sflow.h"

#include <algorithm>

namespace weir {

// An interface (sFlow v5, "Packet Sampling"): format and value. In the compact form the format is in the upper two
// bits.
static constexpr uint32_t kIsInterface = 0, kCompactFormatShift = 30;

static uint32_t read_interface(ByteReader& in, bool expanded) {
  const uint32_t first = in.u32();
  if (!expanded) return first >> kCompactFormatShift == kIsInterface ? first : 0;
  const uint32_t value = in.u32();
  return first == kIsInterface ? value : 0;
}

Bytes take_opaque(ByteReader& in, size_t length) {
  Bytes body = in.take(length);
  in.skip(std::min(-length % 4, in.remaining()));
  return body;
}

bool read_xdr_address(ByteReader& in, IpAddress& address) {
  uint32_t type = in.u32();
  switch (type) {
    case 0:
      address = {};
      break;
    case 1:
      address = IpAddress::v4(in.u32());
      break;
    case 2:
      if (Bytes octets = in.take(16); !octets.empty()) address = IpAddress::v6(octets.data());
      break;
    default:
      return false;
  }
  return !in.failed();
}

Malformed read_sflow_header(ByteReader& in, SflowHeader& header) {
  uint32_t version = in.u32();
  if (in.failed()) return Malformed::short_header;
  if (version != 5) return Malformed::unknown_version;
  bool address = read_xdr_address(in, header.agent);
  if (!address && !in.failed()) return Malformed::address_type;
  header.sub_agent = in.u32();
  header.sequence = in.u32();
  header.uptime_ms = in.u32();
  header.samples = in.u32();
  return in.failed() ? Malformed::short_header : Malformed::kCount;
}

bool read_sample_source(ByteReader& in, bool expanded, uint32_t& sequence, SampleSource& source) {
  sequence = in.u32();
  uint32_t first = in.u32();
  source = expanded ? SampleSource{first, in.u32()} : SampleSource{first >> 24, first & 0x00ff'ffff};
  return !in.failed();
}

// Fields after sequence and source: rate, pool, drops, input, output, count of records. In an expanded sample each
// interface is a format and a value; a discarded packet has: drops, input, output (plain ifIndex), reason, count.
bool read_flow_sample_header(ByteReader& in, SampleFormat format, FlowSampleHeader& sample) {
  sample = {};
  if (!read_sample_source(in, format != SampleFormat::flow, sample.sequence, sample.source)) return false;
  if (format != SampleFormat::discarded_packet) {
    sample.sampling_rate = in.u32();
    in.u32();  // pool
  }
  in.u32();  // drops
  if (format == SampleFormat::discarded_packet) {
    sample.input = in.u32();
    sample.output = in.u32();
    sample.drop_reason = in.u32();
  } else {
    sample.input = read_interface(in, format == SampleFormat::expanded_flow);
    sample.output = read_interface(in, format == SampleFormat::expanded_flow);
  }
  sample.records = in.u32();
  return !in.failed();
}

}  // namespace weir
