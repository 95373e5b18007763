// SPDX-License-Identifier: Apache-2.0
// Makes the sampled packet of a generated flow, as a switch would see it.
#pragma once

#include "gen/flows.h"
#include "wire/sflow_encode.h"

namespace weir {

// The flow's first packet, with the flow's average packet size.
SampledPacket sampled_packet(const Flow& flow, bool v6);

}  // namespace weir
