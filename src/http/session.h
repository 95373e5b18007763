// SPDX-License-Identifier: Apache-2.0
// One client of the HTTP server: reads a request, sends its answer as fast as the client takes it, and so on.
//
//   threads  the server's
//   memory   a head, one read (16 KiB), one piece of the answer (about 64 KiB)
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <memory>

#include "http/server.h"

namespace weir {

// What a session asks of its server.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  virtual const HttpRoute* find_route(const std::string& path) const = 0;
  // Name of the token that was shown in an Authorization header; empty where it is none. `asked`: whether one is
  // needed.
  virtual std::string caller_of(std::string_view authorization, bool& asked) const = 0;
  virtual void ended(class HttpSession& session) = 0;
};

class HttpSession {
 public:
  // In the order in which they make room for others.
  enum class State : uint8_t { draining, idle, reading, answering };

  virtual ~HttpSession() = default;
  virtual void run() = 0;
  virtual void close() = 0;
  State state() const { return state_; }
  int64_t since_ns() const { return since_ns_; }  // when the state began; monotonic

 protected:
  void enter(State state);

 private:
  State state_ = State::idle;
  int64_t since_ns_ = 0;
};

// `tls`: null for none; outlives the session.
std::shared_ptr<HttpSession> make_session(int socket, boost::asio::io_context& io, boost::asio::ssl::context* tls,
                                          SessionOwner& owner);

}  // namespace weir
