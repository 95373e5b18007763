// SPDX-License-Identifier: Apache-2.0
// A second, simple decoder for NetFlow v1, v5 and v7, written from the layouts of their records: see plain_decoder.h.
#pragma once

#include <span>
#include <vector>

#include "base/bytes.h"
#include "decode/testing/plain_record.h"

namespace weir {

struct PlainField {
  Field field;
  size_t offset, octets;
};

// The fields that all of them have. Times are read separately, and so are fields that v1 has at other offsets.
inline constexpr PlainField kPlainCommon[] = {
    {Field::in_if, 12, 2}, {Field::out_if, 14, 2},   {Field::packets, 16, 4},
    {Field::bytes, 20, 4}, {Field::src_port, 32, 2}, {Field::dst_port, 34, 2},
};
inline constexpr PlainField kPlainVersion1[] = {
    {Field::proto, 38, 1}, {Field::ip_tos, 39, 1}, {Field::tcp_flags, 40, 1}};
inline constexpr PlainField kPlainVersion5[] = {
    {Field::tcp_flags, 37, 1}, {Field::proto, 38, 1},   {Field::ip_tos, 39, 1}, {Field::src_as, 40, 2},
    {Field::dst_as, 42, 2},    {Field::src_net, 44, 1}, {Field::dst_net, 45, 1}};

inline std::vector<PlainRecord> plain_netflow5(uint16_t version, Bytes datagram) {
  const size_t header = version == 1 ? 16 : 24, record_octets = version == 7 ? 52 : 48;
  std::vector<PlainRecord> records;
  if (datagram.size() < header) return records;
  const uint8_t* p = datagram.data();
  const uint32_t uptime_ms = load_be32(p + 4);
  const int64_t export_ns = int64_t{load_be32(p + 8)} * 1'000'000'000 + load_be32(p + 12) % 1'000'000'000;
  for (uint32_t n = 0; n < load_be16(p + 2) && header + (n + 1) * record_octets <= datagram.size(); ++n) {
    const uint8_t* r = p + header + n * record_octets;
    PlainRecord& record = records.emplace_back();
    record.elements = "NetFlow v" + std::to_string(version) + " ";
    auto put = [&](std::span<const PlainField> fields) {
      for (const PlainField& f : fields) record.values[f.field] = load_be_any(r + f.offset, f.octets);
    };
    auto time = [&](size_t offset) {  // the uptime nearest to that of the header
      int64_t age_ms = static_cast<int32_t>(uptime_ms - load_be32(r + offset));
      return static_cast<uint64_t>(export_ns - age_ms * 1'000'000);
    };
    record.values[Field::etype] = uint64_t{0x0800};
    record.values[Field::src_addr] = IpAddress::v4(load_be32(r));
    record.values[Field::dst_addr] = IpAddress::v4(load_be32(r + 4));
    record.values[Field::next_hop] = IpAddress::v4(load_be32(r + 8));
    record.values[Field::time_flow_start_ns] = time(24);
    record.values[Field::time_flow_end_ns] = time(28);
    put(kPlainCommon);
    put(version == 1 ? std::span<const PlainField>(kPlainVersion1) : kPlainVersion5);
    record.time_quality = plain_time_quality(export_ns, record);
  }
  return records;
}

}  // namespace weir
