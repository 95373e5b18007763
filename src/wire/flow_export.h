// SPDX-License-Identifier: Apache-2.0
// Tells flow export from other traffic by what is in the datagram, for captures where any port may carry it.
#pragma once

#include "base/bytes.h"

namespace weir {

// True when a UDP payload looks like NetFlow v1, v5, v7 or v9, IPFIX or sFlow v5: its version, and a length, a
// count or a first set that fits the datagram. Wrong counts pass where the rest is plausible, for exporters make
// them and a decoder shall count them. Reads a few bytes; any input.
bool looks_like_flow_export(Bytes payload);

}  // namespace weir
