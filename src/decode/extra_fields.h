// SPDX-License-Identifier: Apache-2.0
// Copies the fields that the configuration adds from the octets of a record into their columns. run_plan.h does this
// for the fields of the field table. Called only for plans that have such steps.
#pragma once

#include "flow/batch.h"
#include "templates/fits.h"
#include "templates/plan.h"

namespace weir {

// `records` points at run.rows records of plan.record_length octets each.
void run_extra_fixed(const Plan& plan, const uint8_t* records, FlowBatch& batch, const Run& run);

// Writes one record, whose fields walk_record() has found, into row `row`.
void run_extra_record(const Plan& plan, const FieldBytes* fields, FlowBatch& batch, uint32_t row);

}  // namespace weir
