// SPDX-License-Identifier: Apache-2.0
// One client of the HTTP server: reads a request, sends its answer as fast as the client takes it, and so on.
//
//   threads  the server's
//   memory   a request's head (8 KiB), one read (16 KiB) and one piece of the answer (about 64 KiB); the kernel's send
//            buffer (256 KiB)
//   time     a request has 10 s to come whole, a silent connection is closed after as long; an answer of which the
//            client takes nothing for 30 s, or that takes more than 2 min, is cut
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "os/file.h"
#include "os/poll_set.h"
#include "web/http_request.h"
#include "web/http_response.h"

namespace weir {

class HttpConnection {
 public:
  // In the order in which they make room for others.
  enum class State { draining, idle, reading, answering };
  using Answer = std::function<Response(const Request&)>;

  HttpConnection(os::File socket, int64_t now_ns) : socket_(std::move(socket)), since_ns_(now_ns) {}

  int fd() const { return socket_.fd(); }
  State state() const { return state_; }
  int64_t since_ns() const { return since_ns_; }  // when the state began (of an answer: the answer)
  os::WaitFor waits_for() const;
  int64_t deadline_ns() const;
  // Does what can be done without waiting, at most a few pieces. False: to be closed.
  bool go_on(int64_t now_ns, const Answer& answer);

 private:
  bool receive(int64_t now_ns);
  bool take_request(int64_t now_ns, const Answer& answer);
  void begin(const RequestHead& head, Response response, int64_t now_ns);
  bool send(int64_t now_ns);
  bool refill();
  void finish(int64_t now_ns);
  void enter(State state, int64_t now_ns);

  os::File socket_;
  State state_ = State::idle;
  int64_t since_ns_, progress_ns_ = 0;  // monotonic
  std::string input_, output_;
  size_t sent_ = 0;        // of output_
  size_t skip_ = 0;        // bytes of the request's body that are still to come
  size_t drained_ = 0;     // bytes that came after the last answer
  bool unparsed_ = false;  // input_ may hold the next request
  bool ended_ = false;     // the client sends no more
  bool chunked_ = false, keep_alive_ = false;
  std::function<bool(std::string&)> more_;
};

}  // namespace weir
