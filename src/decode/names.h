// SPDX-License-Identifier: Apache-2.0
// Names from options data beside the numbers that flow records carry: interfaces, VRFs, applications.
#pragma once

#include "flow/batch.h"
#include "templates/session_plans.h"

namespace weir {

// Most octets that the names of one record take in a batch: ask for that room before.
size_t max_name_bytes(const SessionPlans& plans);

// A name that the record itself gives stays. Returns whether one was filled in that another session was told.
bool fill_names(const SessionPlans& plans, FlowBatch& batch, Run& run);

}  // namespace weir
