// SPDX-License-Identifier: Apache-2.0
// Host names to addresses, for set-up.
#pragma once

#include <string>

#include "os/udp_socket.h"

namespace weir::os {

// "192.0.2.1", "2001:db8::1", "[2001:db8::1]" or a name; of a name's addresses the first that the system's resolver
// prefers. Blocks while the resolver asks. Throws usage_error naming the host.
IpAddress resolve(const std::string& host);

// "HOST:PORT", "[2001:db8::1]:PORT". Throws usage_error naming the text.
Endpoint resolve_endpoint(const std::string& text);

// Raises the number of files this process may open to at least `count` where the system allows. False where not.
bool allow_open_files(size_t count);

}  // namespace weir::os
