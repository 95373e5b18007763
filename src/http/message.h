// SPDX-License-Identifier: Apache-2.0
// HTTP requests and responses as routes and callers see them.
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
  std::map<std::string, std::string> query;  // decoded; of a name given twice the last
  std::string accept;                        // the Accept header, "" where there is none
  std::string type;                          // Content-Type, the same
  std::string caller;                        // name of the token that was shown; "" where none is asked for
  std::string body;                          // of a route that takes one whole
};

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

// A body that is taken piece by piece while it comes.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // False: no more is wanted; end() says why.
  virtual bool take(std::string_view piece) = 0;
  virtual Response end() = 0;
};

}  // namespace weir
