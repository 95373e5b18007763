// SPDX-License-Identifier: Apache-2.0
// One blocking GET, for commands that ask a running collector.
#pragma once

#include <string>

namespace weir {

struct HttpAnswer {
  int status = 0;
  std::string type;  // Content-Type, "" where there is none
  std::string body;
};

// `server` is "http://HOST:PORT" with an optional path prefix; the scheme and the port (80) may be left out. Throws
// usage_error for a URL that cannot be right, runtime_failure where there is no server, it is too slow, answers more
// than 1 GiB, or what it answers is not HTTP.
HttpAnswer http_get(const std::string& server, const std::string& path, int timeout_ms);

}  // namespace weir
