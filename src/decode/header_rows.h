// SPDX-License-Identifier: Apache-2.0
// Writes the headers of a sampled packet into the columns of a row.
//
//   threads  none; allocates nothing once the batch has its columns and lists
//
// Rows can share a run if their masks are equal, and rows with equal masks are much cheaper to store. So, as in
// NetFlow records, every field that a frame or an IP packet could have is set, with 0 if the packet has no such value:
// the VLAN of an untagged frame, the ports of ICMP, the TCP flags of UDP, the flow label of IPv4. Without an IP header
// there are no IP fields.
#pragma once

#include "flow/batch.h"
#include "wire/packet_headers.h"

namespace weir {

// The fields that these headers fill.
FieldMask header_fields(const PacketHeaders& headers);

// Those of these fields that the section was long enough to contain: not the ports of a packet that is cut before them.
FieldMask shown_fields(const PacketHeaders& headers);

// Writes `fields`, which must be a subset of header_fields(). The octets of the headers' section must still be valid.
void put_headers(const PacketHeaders& headers, const FieldMask& fields, FlowBatch& batch, uint32_t row);

}  // namespace weir
