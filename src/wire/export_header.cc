// SPDX-License-Identifier: Apache-2.0
#include "wire/export_header.h"

#include "base/time_units.h"

namespace weir {

static void read_fixed_header(const uint8_t* p, ExportHeader& header) {
  header.uptime_ms = load_be32(p + 4);
  header.export_ns = int64_t{load_be32(p + 8)} * kSecond + load_be32(p + 12) % kSecond;
  if (header.protocol == Protocol::netflow1) return;
  header.sequence = load_be32(p + 16);
  if (header.protocol != Protocol::netflow5) return;
  header.domain = load_be16(p + 20);
  header.sampling = load_be16(p + 22);
}

bool read_export_header(Bytes datagram, Protocol protocol, ExportHeader& header) {
  if (datagram.size() < ExportHeader::header_bytes(protocol)) return false;
  const uint8_t* p = datagram.data();
  header = {};
  header.protocol = protocol;
  header.count = load_be16(p + ExportHeader::kCountAt);
  switch (protocol) {
    case Protocol::netflow9:
      header.uptime_ms = load_be32(p + 4);
      header.export_ns = int64_t{load_be32(p + 8)} * kSecond;
      header.sequence = load_be32(p + 12);
      header.domain = load_be32(p + 16);
      break;
    case Protocol::ipfix:
      header.export_ns = int64_t{load_be32(p + 4)} * kSecond;
      header.sequence = load_be32(p + 8);
      header.domain = load_be32(p + 12);
      break;
    default:
      read_fixed_header(p, header);
  }
  return true;
}

}  // namespace weir
