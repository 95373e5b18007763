// SPDX-License-Identifier: Apache-2.0
// An HTTP client that waits: for commands that ask a running collector, later for outputs.
//
//   out      the answer whole, or piece by piece
//   threads  one at a time
//   time     each step (connecting, a write, a read) has the time of the request
//   failure  runtime_failure: nobody there, too slow, a certificate that is not trusted, what is not HTTP; usage_error:
//            a URL that cannot be right
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/secret.h"

namespace weir {

struct HttpRequest {
  std::string method = "GET";
  std::string target;  // path and query, behind the URL's own path
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  // In place of `body`: appends the next piece, false with the last one; sent in chunks.
  std::function<bool(std::string& out)> more = {};
  Secret token = {};             // Authorization: Bearer
  std::string authorities = {};  // PEM file of who signs the server's certificate; empty: those of the system
  int timeout_ms = 10'000;
  size_t max_bytes = size_t{1} << 30;  // of an answer
};

struct HttpAnswer {
  int status = 0;
  std::string type;  // Content-Type, "" where there is none
  std::string body;  // but for what `on_piece` took
};

// `url`: as parse_url() takes it. `on_piece`, where given, takes the body of an answer of status 200 piece by piece;
// false: enough.
HttpAnswer http_request(const std::string& url, const HttpRequest& request,
                        const std::function<bool(std::string_view)>& on_piece = {});

}  // namespace weir
