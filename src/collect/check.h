// SPDX-License-Identifier: Apache-2.0
// `weir collect --check`: could the collector start with this configuration, and what would be in force?
#pragma once

#include <string>
#include <vector>

#include "config/options.h"

namespace weir {

// Proves that the data directory and the output can be written to and every port be bound; leaves nothing behind
// and changes nothing. Throws usage_error for the first thing that is wrong. Returns what is worth a note: a collector
// that runs on this data directory, and so the ports that it may have, is no mistake of the configuration.
std::vector<std::string> check_collect(const CollectConfig& config);

}  // namespace weir
