// SPDX-License-Identifier: Apache-2.0
// Reads the headers of NetFlow v1, v5, v7, v9 and IPFIX, and the sets that follow them in v9 and IPFIX. No other code
// reads them. sFlow's header is read in wire/sflow.h.
//
//   in       the octets of a datagram (UDP) or a message (TCP, TLS, files); any octets
//   out      a header; sets one after the other, within the octets given
//   threads  any; allocates nothing
//   failure  a reason, named as in protocol.h; nothing is read out of bounds
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/bytes.h"
#include "base/protocol.h"

namespace weir {

// Cisco's "NetFlow Export Datagram Format" (v1, v5, v7), RFC 3954 §5.1 (v9), RFC 7011 §3.1 (IPFIX):
//
//   offset   0 version   2 count      4 ..          8 ..           12 ..         16 ..       20 ..
//   v1       1           records      uptime ms     seconds        nanoseconds
//   v5       5           records      uptime ms     seconds        nanoseconds   sequence    engine type (1), id (1),
//                                                                                            sampling (2)
//   v7       7           records      uptime ms     seconds        nanoseconds   sequence    reserved (4)
//   v9       9           records      uptime ms     seconds        sequence      source id
//   IPFIX    10          octets       seconds       sequence       domain
struct ExportHeader {
  static constexpr size_t kCountAt = 2;

  Protocol protocol = Protocol::unknown;
  uint16_t count = 0;      // records; IPFIX: octets of the message
  uint32_t uptime_ms = 0;  // IPFIX: none
  int64_t export_ns = 0;   // the exporter's clock, since 1970 UTC
  uint32_t sequence = 0;   // v1: none
  uint32_t domain = 0;     // v5: engine type and id; v9: source id; IPFIX: observation domain; v1, v7: 0
  uint16_t sampling = 0;   // v5: mode (2 bits) and interval (14 bits)

  bool has_uptime() const { return protocol != Protocol::ipfix; }
  size_t bytes() const { return header_bytes(protocol); }
  // Size in octets of that protocol's header, and of a v1, v5 or v7 record.
  static constexpr size_t header_bytes(Protocol protocol);
  static constexpr size_t record_bytes(Protocol protocol);
};

constexpr size_t ExportHeader::header_bytes(Protocol protocol) {
  switch (protocol) {
    case Protocol::netflow5:
    case Protocol::netflow7:
      return 24;
    case Protocol::netflow9:
      return 20;
    default:
      return 16;
  }
}

constexpr size_t ExportHeader::record_bytes(Protocol protocol) { return protocol == Protocol::netflow7 ? 52 : 48; }

// Identifies the protocol by the first two octets; unknown if there are fewer. sFlow's version field has four octets,
// of which the first two are 0.
inline Protocol export_protocol(Bytes datagram) {
  if (datagram.size() < 2) return Protocol::unknown;
  switch (load_be16(datagram.data())) {
    case 0:
      return Protocol::sflow5;
    case 1:
      return Protocol::netflow1;
    case 5:
      return Protocol::netflow5;
    case 7:
      return Protocol::netflow7;
    case 9:
      return Protocol::netflow9;
    case 10:
      return Protocol::ipfix;
    default:
      return Protocol::unknown;
  }
}

// False if the datagram ends within the header. `protocol`: from export_protocol(), neither unknown nor sflow5.
bool read_export_header(Bytes datagram, Protocol protocol, ExportHeader& header);

// What follows the header; for IPFIX limited to the length stated in the message and to the datagram.
inline Bytes export_body(Bytes datagram, const ExportHeader& header) {
  size_t end = datagram.size();
  if (header.protocol == Protocol::ipfix) end = std::clamp<size_t>(header.count, header.bytes(), end);
  return datagram.subspan(header.bytes(), end - header.bytes());
}

// ---- Sets (RFC 3954 §5.2, RFC 7011 §3.3): id and length (2 octets each; the length includes these four), body.

inline constexpr size_t kSetHeaderBytes = 4;
inline constexpr uint16_t kFirstDataSet = 256;  // a data set's id is its template's id

// RFC 3954 §5.2 and §6.1, RFC 7011 §3.3.2.
inline constexpr uint16_t template_set_id(Protocol protocol) { return protocol == Protocol::netflow9 ? 0 : 2; }
inline constexpr uint16_t options_template_set_id(Protocol protocol) { return protocol == Protocol::netflow9 ? 1 : 3; }

struct ExportSet {
  uint16_t id = 0;
  const uint8_t* at = nullptr;  // its header
  Bytes body;
};

// Takes the first set off `sets`. False if there is no complete one: `sets` then holds the rest.
inline bool take_set(Bytes& sets, ExportSet& set) {
  if (sets.size() < kSetHeaderBytes) return false;
  const size_t length = load_be16(sets.data() + 2);
  if (length < kSetHeaderBytes || length > sets.size()) return false;
  set.id = load_be16(sets.data());
  set.at = sets.data();
  set.body = sets.subspan(kSetHeaderBytes, length - kSetHeaderBytes);
  sets = sets.subspan(length);
  return true;
}

// The error in what take_set() leaves, if it leaves anything.
inline Malformed left_after_sets(Bytes left) {
  return left.size() < kSetHeaderBytes ? Malformed::trailing_bytes : Malformed::short_set;
}

}  // namespace weir
