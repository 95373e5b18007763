// SPDX-License-Identifier: Apache-2.0
// The headers of a sampled packet into the columns of a row.
//
//   threads  none; allocates nothing once the batch has its columns and lists
//
// Rows may share a run where their masks are equal, and a store writes rows of equal masks far cheaper. So, as in
// NetFlow's records, what a frame or an IP packet could have is told, and 0 where it has none: the VLAN of an untagged
// frame, the ports of ICMP, the TCP flags of UDP, the flow label of IPv4. Without an IP header there are no IP fields.
#pragma once

#include "flow/batch.h"
#include "wire/packet_headers.h"

namespace weir {

// The fields that these headers fill.
FieldMask header_fields(const PacketHeaders& headers);

// Of these, the ones that the section was long enough to show: not the ports of a packet cut before them.
FieldMask shown_fields(const PacketHeaders& headers);

// Writes those of `fields` that header_fields() names; others must not be asked for. The headers' section must still
// be there.
void put_headers(const PacketHeaders& headers, const FieldMask& fields, FlowBatch& batch, uint32_t row);

}  // namespace weir
