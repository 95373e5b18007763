// SPDX-License-Identifier: Apache-2.0
// A blocking HTTP client: for commands that query a running collector, later for outputs.
//
//   out      the whole answer, or piece by piece
//   threads  one at a time
//   time     each step (connecting, a write, a read) may take the request's timeout
//   failure  runtime_failure: no server there, too slow, an untrusted certificate, not HTTP; usage_error: an invalid
//            URL
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/secret.h"

namespace weir {

struct HttpRequest {
  std::string method = "GET";
  std::string target;  // path and query, appended to the URL's own path
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  // Instead of `body`: appends the next piece, returns false with the last one; sent in chunks.
  std::function<bool(std::string& out)> more = {};
  Secret token = {};             // Authorization: Bearer
  std::string authorities = {};  // PEM file of the authorities that sign the server's certificate; empty: the system's
  int timeout_ms = 10'000;
  size_t max_bytes = size_t{1} << 30;  // of an answer
};

struct HttpAnswer {
  int status = 0;
  std::string type;  // Content-Type, "" if none
  std::string body;  // without what `on_piece` took
};

// `url`: as for parse_url(). `on_piece`, if given, takes the body of an answer with status 200 piece by piece; it
// returns false to stop.
HttpAnswer http_request(const std::string& url, const HttpRequest& request,
                        const std::function<bool(std::string_view)>& on_piece = {});

}  // namespace weir
