// SPDX-License-Identifier: Apache-2.0
#include "wire/flow_export.h"

#include "wire/export_header.h"

namespace weir {

namespace {

// Versions with fixed records: their count is the header's second field, and the header's fourth word (v1, v5, v7)
// holds the nanoseconds of the export time. Cisco limits the count (24, 30, 28) so that a datagram fits into an
// Ethernet frame; other exporters exceed that. STUN (RFC 8489 §5) begins like v1, except for its magic cookie.
bool plausible_fixed(Bytes b, const ExportHeader& header) {
  constexpr uint32_t kStunCookie = 0x2112a442;
  const size_t record = ExportHeader::record_bytes(header.protocol);
  if (b.size() < header.bytes() + record || header.uptime_ms == kStunCookie) return false;
  if ((b.size() - header.bytes()) % record == 0) return header.count > 0;
  return header.count > 0 && header.count <= 64 && load_be32(&b[12]) < 1'000'000'000;
}

// The first set: its id is that of a template set or a data set, and it lies within the datagram.
bool plausible_set(Bytes sets, Protocol protocol) {
  ExportSet set;
  return take_set(sets, set) && (set.id >= kFirstDataSet || set.id == template_set_id(protocol) ||
                                 set.id == options_template_set_id(protocol));
}

bool plausible_netflow9(Bytes b, const ExportHeader& header) {
  if (b.size() == header.bytes()) return header.count == 0;
  return header.count <= b.size() && plausible_set(b.subspan(header.bytes()), Protocol::netflow9);
}

// A template set is sufficient evidence even if its length is wrong.
bool plausible_ipfix(Bytes b, const ExportHeader& header) {
  const Bytes sets = b.subspan(header.bytes());
  if (header.count == b.size() || plausible_set(sets, Protocol::ipfix)) return true;
  if (sets.size() < kSetHeaderBytes) return false;
  const uint16_t id = load_be16(sets.data());
  return id == template_set_id(Protocol::ipfix) || id == options_template_set_id(Protocol::ipfix);
}

// sFlow version 5, "sFlow Datagram Format", sizes in octets: version 4, address type 4 (1: IPv4, 2: IPv6), agent 4 or
// 16, sub-agent, sequence, uptime, count of samples; a sample has at least its format and length.
bool plausible_sflow5(Bytes b) {
  if (b.size() < 28 || load_be32(b.data()) != 5) return false;
  uint32_t address_type = load_be32(&b[4]);
  if (address_type != 1 && address_type != 2) return false;
  size_t header = address_type == 1 ? 28 : 40;
  return b.size() >= header && load_be32(&b[header - 4]) <= (b.size() - header) / 8;
}

}  // namespace

bool looks_like_flow_export(Bytes b) {
  const Protocol protocol = export_protocol(b);
  if (protocol == Protocol::sflow5) return plausible_sflow5(b);
  ExportHeader header;
  if (protocol == Protocol::unknown || !read_export_header(b, protocol, header)) return false;
  if (protocol == Protocol::netflow9) return plausible_netflow9(b, header);
  if (protocol == Protocol::ipfix) return plausible_ipfix(b, header);
  return plausible_fixed(b, header);
}

}  // namespace weir
