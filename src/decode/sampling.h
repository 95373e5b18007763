// SPDX-License-Identifier: Apache-2.0
// Determines the sampling rate that applies to each record.
#pragma once

#include "base/bytes.h"
#include "flow/batch.h"
#include "templates/session_plans.h"

namespace weir {

// The first of these rates that is given (not 0) applies: in the record; in options data for the record's sampler, its
// interface, its observation point, its line card, its template, its observation domain; in the datagram's header; in
// the configuration. If rates were announced only for samplers or interfaces, a record that names neither has the rate
// announced last.
// `plans` may be null (a protocol without options data); `otherwise` is the header's or the configured rate. Returns
// whether a rate may come from another session's options data.
bool fill_sampling(const SessionPlans* plans, uint16_t template_id, uint64_t otherwise, FlowBatch& batch, Run& run);

// samplingProbability (IE 311, a float of 4 or 8 octets) as the N of one in N; 0 if it is not a probability.
uint64_t rate_of_probability(Bytes probability);

}  // namespace weir
