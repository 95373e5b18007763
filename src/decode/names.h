// SPDX-License-Identifier: Apache-2.0
// Names from options data beside the numbers that flow records carry: interfaces, VRFs, applications.
#pragma once

#include "flow/batch.h"
#include "templates/options_state.h"

namespace weir {

// Most octets that the names of one record take in a batch: ask for that room before.
size_t most_name_bytes(const OptionsState& options);

// A name that the record itself gives stays.
void fill_names(const OptionsState& options, FlowBatch& batch, Run& run);

}  // namespace weir
