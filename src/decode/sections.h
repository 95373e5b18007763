// SPDX-License-Identifier: Apache-2.0
// Sampled packets inside data records: a section of the frame or of the packet (RFC 7133, RFC 5477).
#pragma once

#include "flow/batch.h"
#include "templates/fits.h"
#include "templates/plan.h"

namespace weir {

// The only record of a run of one row: fills the fields that the run has not got from the headers in its sections, and
// where it has no counters, one packet and the length that the IP header tells.
void read_sections(const Plan& plan, const FieldBytes* fields, FlowBatch& batch, Run& run);

}  // namespace weir
