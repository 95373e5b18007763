// SPDX-License-Identifier: Apache-2.0
// What a route answers: whole, or piece by piece as the reader takes it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir {

inline constexpr size_t kPieceBytes = 64 << 10;

struct Response {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  // What follows `body`: appends the next piece, of about kPieceBytes, and returns false with the last one. Called in
  // the server's thread when the reader has taken what was there. Without: `body` is all.
  std::function<bool(std::string& out)> more = {};
};

// An error as RFC 9457 has it.
Response problem(int status, const std::string& title, const std::string& detail);

// A text that several readers may share, in pieces.
std::function<bool(std::string&)> in_pieces(std::shared_ptr<const std::string> text);

// The status line and the headers, the empty line included. `chunked`: the body comes in chunks (RFC 9112 §7.1),
// else its length is told, or with `more` it ends with the connection.
std::string response_head(const Response& response, bool chunked, bool keep_alive);

}  // namespace weir
