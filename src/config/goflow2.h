// SPDX-License-Identifier: Apache-2.0
// Translates GoFlow2 2.2.6's command line into flags of `weir collect` (docs/from-goflow2.md).
#pragma once

#include <string>
#include <vector>

#include "config/arguments.h"

namespace weir {

struct GoFlow2Flags {
  Arguments collect;               // for weir collect: nothing is stored or kept
  std::vector<std::string> notes;  // flags that have no effect here, and why
  bool help = false, version = false;
};

// Flags in Go's syntax: one dash or two, `-flag=value` or `-flag value`; if a flag is given twice, the last one counts.
// Throws usage_error for a flag that GoFlow2 does not have, and for a function that Weir does not have, naming it.
GoFlow2Flags parse_goflow2(const Arguments& arguments);

}  // namespace weir
