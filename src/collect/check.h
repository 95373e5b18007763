// SPDX-License-Identifier: Apache-2.0
// For `weir collect --check`: checks whether the collector could start with this configuration.
#pragma once

#include <string>
#include <vector>

#include "config/options.h"

namespace weir {

// Checks that the data directory and the outputs are writable and that every port can be bound; leaves nothing behind
// and changes nothing. Throws usage_error for the first error. Returns notes: a collector that already runs on this
// data directory, and therefore ports that may be in use by it, are not an error in the configuration.
std::vector<std::string> check_collect(const CollectConfig& config);

}  // namespace weir
