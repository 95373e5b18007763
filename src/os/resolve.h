// SPDX-License-Identifier: Apache-2.0
// Resolves host names to addresses, for set-up code.
#pragma once

#include <string>

#include "os/udp_socket.h"

namespace weir::os {

// "192.0.2.1", "2001:db8::1", "[2001:db8::1]" or a name; of a name's addresses, the one that the system's resolver
// lists first. Blocks during the lookup. Throws usage_error naming the host.
IpAddress resolve(const std::string& host);

// "HOST:PORT", "[2001:db8::1]:PORT". Throws usage_error naming the text.
Endpoint resolve_endpoint(const std::string& text);

// Raises the number of files this process may open to at least `count` if the system allows it. False if not.
bool allow_open_files(size_t count);

}  // namespace weir::os
