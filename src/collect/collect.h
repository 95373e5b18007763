// SPDX-License-Identifier: Apache-2.0
// Runs `weir collect`, from its configuration to its exit code.
#pragma once

#include <functional>

#include "config/options.h"

namespace weir {

// Runs a collector with that configuration until it is stopped. `load` reads the configuration again (SIGHUP); empty:
// there is nothing to read, SIGHUP only reopens files. Returns the exit code.
int collect(const LoadedConfig& loaded, const std::function<LoadedConfig()>& load = {});

}  // namespace weir
