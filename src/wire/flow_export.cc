// SPDX-License-Identifier: Apache-2.0
#include "wire/flow_export.h"

namespace weir {

namespace {

// Versions of fixed records: their count is the header's second field, and the header's fourth word (v1, v5, v7)
// holds the nanoseconds of the export time. Cisco bounds the count (24, 30, 28) so that a datagram fits an Ethernet
// frame; other exporters go further. STUN (RFC 8489 §5) begins like v1, but for its magic cookie.
bool plausible_fixed(Bytes b, size_t header, size_t record) {
  constexpr uint32_t kStunCookie = 0x2112a442;
  if (b.size() < header + record || load_be32(&b[4]) == kStunCookie) return false;
  size_t count = load_be16(&b[2]);
  if ((b.size() - header) % record == 0) return count > 0;
  return count > 0 && count <= 64 && load_be32(&b[12]) < 1'000'000'000;
}

// The first set: its id is a template's (from `first` to `last`) or a data set's, and it lies in the datagram.
bool plausible_set(Bytes sets, uint16_t first, uint16_t last) {
  if (sets.size() < 4) return false;
  uint16_t id = load_be16(&sets[0]);
  size_t length = load_be16(&sets[2]);
  return (id >= 256 || (id >= first && id <= last)) && length >= 4 && length <= sets.size();
}

// RFC 3954 §5.1: version, count of records, uptime, seconds, sequence, source; then FlowSets.
bool plausible_netflow9(Bytes b) {
  if (b.size() < 20) return false;
  size_t count = load_be16(&b[2]);
  if (b.size() == 20) return count == 0;
  return count <= b.size() && plausible_set(b.subspan(20), 0, 1);
}

// RFC 7011 §3.1: version, length of the message, export time, sequence, domain; then sets. A template set (2, 3) is
// sign enough even where its length is wrong.
bool plausible_ipfix(Bytes b) {
  if (b.size() < 16) return false;
  if (load_be16(&b[2]) == b.size() || plausible_set(b.subspan(16), 2, 3)) return true;
  return b.size() >= 20 && (load_be16(&b[16]) == 2 || load_be16(&b[16]) == 3);
}

// sFlow version 5, "sFlow Datagram Format": version 4, address type 4 (1: IPv4, 2: IPv6), agent 4 or 16, sub-agent,
// sequence, uptime, count of samples; a sample has at least its format and length.
bool plausible_sflow5(Bytes b) {
  if (b.size() < 28 || load_be32(b.data()) != 5) return false;
  uint32_t address_type = load_be32(&b[4]);
  if (address_type != 1 && address_type != 2) return false;
  size_t header = address_type == 1 ? 28 : 40;
  return b.size() >= header && load_be32(&b[header - 4]) <= (b.size() - header) / 8;
}

}  // namespace

bool looks_like_flow_export(Bytes b) {
  if (b.size() < 16) return false;
  switch (load_be16(b.data())) {
    case 0:
      return plausible_sflow5(b);
    case 1:
      return plausible_fixed(b, 16, 48);
    case 5:
      return plausible_fixed(b, 24, 48);
    case 7:
      return plausible_fixed(b, 24, 52);
    case 9:
      return plausible_netflow9(b);
    case 10:
      return plausible_ipfix(b);
    default:
      return false;
  }
}

}  // namespace weir
