// SPDX-License-Identifier: Apache-2.0
#include "decode/sections.h"

#include <algorithm>

#include "decode/header_rows.h"

namespace weir {
namespace {

constexpr uint64_t kEthernetFrame = 1;  // dataLinkFrameType (IANA)

uint64_t number(const FieldBytes* fields, uint16_t position, uint64_t otherwise) {
  if (position == SectionField::kNone) return otherwise;
  return load_be_any(fields[position].at, fields[position].length);
}

// Octets of the packet, from its first IP header; 0 if there is none.
uint64_t packet_length(Bytes section, const PacketHeaders& headers) {
  size_t at = 0;
  for (uint8_t i = 0; i < headers.layers; ++i) {
    if (headers.layer[i] == PacketLayer::ipv4 && at + 4 <= section.size()) return load_be16(section.data() + at + 2);
    if (headers.layer[i] == PacketLayer::ipv6 && at + 6 <= section.size())
      return load_be16(section.data() + at + 4) + uint64_t{40};
    at += headers.layer_size[i];
  }
  return 0;
}

}  // namespace

void read_sections(const Plan& plan, const FieldBytes* fields, FlowBatch& batch, Run& run) {
  for (const SectionField& section : plan.sections) {
    bool frame = section.kind == SectionKind::frame;
    if (number(fields, section.offset_position, 0) != 0) continue;  // begins after the headers
    if (frame && number(fields, section.type_position, kEthernetFrame) != kEthernetFrame) continue;
    const FieldBytes& field = fields[section.position];
    Bytes bytes{field.at, std::min<size_t>(field.length, number(fields, section.size_position, field.length))};
    if (bytes.empty()) continue;
    PacketHeaders headers;
    parse_packet_headers(frame ? HeaderStart::ethernet : HeaderStart::ip, bytes, headers);
    FieldMask missing = header_fields(headers).without(run.mask);
    put_headers(headers, missing, batch, run.first_row);
    run.mask |= missing;
    auto count = [&](Field counter, uint64_t value) {
      if (run.mask.has(counter) || value == 0) return;
      batch.column<uint64_t>(counter)[run.first_row] = value;
      run.mask.set(counter);
    };
    count(Field::packets, 1);
    count(Field::bytes, packet_length(bytes, headers));
  }
}

}  // namespace weir
