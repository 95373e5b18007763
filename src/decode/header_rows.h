// SPDX-License-Identifier: Apache-2.0
// The headers of a sampled packet into the columns of a row.
//
//   threads  none; allocates nothing once the batch has its columns and lists
//
// What a packet does not have (ports, a VLAN, ...) is not in its mask, so rows of unlike packets need runs of their
// own: rows may share a run exactly where their masks are equal.
#pragma once

#include "flow/batch.h"
#include "wire/packet_headers.h"

namespace weir {

// The fields that these headers fill.
FieldMask header_fields(const PacketHeaders& headers);

// Writes those of `fields` that header_fields() names; others must not be asked for. The headers' section must still
// be there.
void put_headers(const PacketHeaders& headers, const FieldMask& fields, FlowBatch& batch, uint32_t row);

}  // namespace weir
