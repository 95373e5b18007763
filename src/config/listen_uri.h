// SPDX-License-Identifier: Apache-2.0
// Parses --listen: "netflow://192.0.2.1:2055", "netflow://[::1]:4739", "netflow://:2055", "netflow://",
// "sflow://:6343".
#pragma once

#include <string>

#include "config/collect_config.h"

namespace weir {

// Throws usage_error: what is wrong with `uri`, and how to write it.
Listener parse_listen_uri(const std::string& uri);

}  // namespace weir
