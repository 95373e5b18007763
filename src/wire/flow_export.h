// SPDX-License-Identifier: Apache-2.0
// Distinguishes flow export from other traffic by the datagram's content, for captures where it may use any port.
#pragma once

#include "base/bytes.h"

namespace weir {

// True when a UDP payload looks like NetFlow v1, v5, v7 or v9, IPFIX or sFlow v5: its version, and a length, a
// count or a first set that fits the datagram. Wrong counts are accepted if the rest is plausible, because some
// exporters send them and the decoder should count them. Reads a few bytes; any input.
bool looks_like_flow_export(Bytes payload);

}  // namespace weir
