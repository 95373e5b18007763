// SPDX-License-Identifier: Apache-2.0
// GoFlow2 2.2.6's command line as flags of `weir collect` (docs/from-goflow2.md).
#pragma once

#include <string>
#include <vector>

#include "config/arguments.h"

namespace weir {

struct GoFlow2Flags {
  Arguments collect;               // for weir collect: nothing is stored or kept
  std::vector<std::string> notes;  // flags that are of no effect here, and why
  bool help = false, version = false;
};

// Flags as Go has them: one dash or two, `-flag=value` or `-flag value`; of a flag given twice the last counts. Throws
// usage_error for a flag that GoFlow2 has not, and for what Weir does not do, which it names.
GoFlow2Flags parse_goflow2(const Arguments& arguments);

}  // namespace weir
