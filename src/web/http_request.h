// SPDX-License-Identifier: Apache-2.0
// Takes an HTTP/1 request's head apart (RFC 9112): a pure function of bytes that anybody may have sent.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

inline constexpr size_t kRequestHeadBytes = 8 << 10;
inline constexpr size_t kRequestBodyBytes = 64 << 10;  // read and thrown away: no route takes one

struct Request {
  std::string path;    // as sent, without the query
  std::string accept;  // the Accept header, "" where there is none
};

struct RequestHead {
  // 0: not whole yet, send more. Else how many bytes the head takes, its empty line included.
  size_t bytes = 0;
  std::string method;
  Request request;
  bool is_http11 = false;  // else 1.0, which has no chunks
  bool keep_alive = false;
  size_t body_bytes = 0;
  // What is wrong, as a status and a sentence; 0: nothing. The connection cannot be used after it.
  int refusal = 0;
  std::string why;
};

RequestHead parse_request_head(std::string_view bytes);

}  // namespace weir
