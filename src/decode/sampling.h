// SPDX-License-Identifier: Apache-2.0
// The sampling rate that holds for each record.
#pragma once

#include "base/bytes.h"
#include "flow/batch.h"
#include "templates/options_state.h"

namespace weir {

// The first that is told (not 0) counts: in the record; in options data for the record's sampler, for its interface,
// for its observation domain; in the datagram's header; in the configuration.
// `options` may be null (a protocol without them); `otherwise` is the header's or the configured rate.
void fill_sampling(const OptionsState* options, uint64_t otherwise, FlowBatch& batch, Run& run);

// samplingProbability (IE 311, a float of 4 or 8 octets) as one in so many; 0 where it is no probability.
uint64_t rate_of_probability(Bytes probability);

}  // namespace weir
