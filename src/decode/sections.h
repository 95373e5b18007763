// SPDX-License-Identifier: Apache-2.0
// Reads sampled packets inside data records: a section of the frame or of the packet (RFC 7133, RFC 5477).
#pragma once

#include "flow/batch.h"
#include "templates/fits.h"
#include "templates/plan.h"

namespace weir {

// For a run of one row: fills the fields that the run does not have from the headers in the record's sections. If the
// run has no counters, it gets one packet and the length from the IP header.
void read_sections(const Plan& plan, const FieldBytes* fields, FlowBatch& batch, Run& run);

}  // namespace weir
