// SPDX-License-Identifier: Apache-2.0
// HttpSession: one client connection of the HTTP server: repeatedly reads a request and sends its answer as fast as the
// client takes it.
//
//   threads  the server's thread
//   memory   a head, one read (16 KiB), one piece of the answer (about 64 KiB)
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <memory>

#include "http/server.h"

namespace weir {

// What a session needs from its server.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  virtual const HttpRoute* find_route(const std::string& path) const = 0;
  // Name of the token presented in an Authorization header; empty if it is invalid. `asked`: set to whether a token is
  // needed.
  virtual std::string caller_of(std::string_view authorization, bool& asked) const = 0;
  virtual void ended(class HttpSession& session) = 0;
};

class HttpSession {
 public:
  // In the order in which they are evicted for others.
  enum class State : uint8_t { draining, idle, reading, answering };

  virtual ~HttpSession() = default;
  virtual void run() = 0;
  virtual void close() = 0;
  State state() const { return state_; }
  int64_t since_ns() const { return since_ns_; }  // when the state was entered; monotonic

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
