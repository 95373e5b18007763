// SPDX-License-Identifier: Apache-2.0
// HTTP requests and responses as seen by routes and callers.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir {

inline constexpr size_t kPieceBytes = 64 << 10;

struct Request {
  std::string method;                        // "GET"
  std::string path;                          // as sent, without the query
  std::map<std::string, std::string> query;  // decoded; the last value of a repeated name
  std::string accept;                        // the Accept header, "" if none
  std::string type;                          // Content-Type, "" if none
  std::string caller;                        // name of the token presented; "" if none is needed
  std::string body;                          // if the route takes whole bodies
};

struct Response {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  // What follows `body`: appends the next piece, of about kPieceBytes, and returns false with the last one. Called in
  // the server's thread when the client has taken the previous piece. If not set, `body` is all.
  std::function<bool(std::string& out)> more = {};
};

// An error as defined in RFC 9457.
Response problem(int status, const std::string& title, const std::string& detail);

// Sends a text in pieces; several readers may share it.
std::function<bool(std::string&)> in_pieces(std::shared_ptr<const std::string> text);

// Receives a request body piece by piece while it arrives.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // False: no more is wanted; end() gives the reason.
  virtual bool take(std::string_view piece) = 0;
  virtual Response end() = 0;
};

}  // namespace weir
