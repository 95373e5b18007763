// SPDX-License-Identifier: Apache-2.0
// The sampling rate that holds for each record.
#pragma once

#include "base/bytes.h"
#include "flow/batch.h"
#include "templates/session_plans.h"

namespace weir {

// The first that is told (not 0) counts: in the record; in options data for the record's sampler, its interface, its
// observation point, its line card, its template, its observation domain; in the datagram's header; in the
// configuration. A record that names neither sampler nor interface, where rates were told for such alone, has the rate
// told last.
// `plans` may be null (a protocol without options data); `otherwise` is the header's or the configured rate. Returns
// whether a rate may be one that another session was told.
bool fill_sampling(const SessionPlans* plans, uint16_t template_id, uint64_t otherwise, FlowBatch& batch, Run& run);

// samplingProbability (IE 311, a float of 4 or 8 octets) as one in so many; 0 where it is no probability.
uint64_t rate_of_probability(Bytes probability);

}  // namespace weir
