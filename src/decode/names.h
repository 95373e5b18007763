// SPDX-License-Identifier: Apache-2.0
// Adds names from options data to rows, for the numbers that flow records contain: interfaces, VRFs, applications.
#pragma once

#include "flow/batch.h"
#include "templates/session_plans.h"

namespace weir {

// The most octets of text that the names of one record need in a batch: reserve this space before the record is read.
size_t max_name_bytes(const SessionPlans& plans);

// Names that the record itself contains are not replaced. Returns whether a name was filled in that was announced to
// another session.
bool fill_names(const SessionPlans& plans, FlowBatch& batch, Run& run);

}  // namespace weir
