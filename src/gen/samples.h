// SPDX-License-Identifier: Apache-2.0
// One sampled packet of a made-up flow, as a switch would see it.
#pragma once

#include "gen/flows.h"
#include "wire/sflow_encode.h"

namespace weir {

// The flow's first packet, of its average size.
SampledPacket sampled_packet(const Flow& flow, bool v6);

}  // namespace weir
