// SPDX-License-Identifier: Apache-2.0
// A small HTTP/1.1 server on libevent (docs/decisions/0002-libevent-for-http.md) for metrics, probes and the API.
//
//   in       GET and HEAD of the routes added before start()
//   out      the handler's Response; everything else as application/problem+json (RFC 9457)
//   threads  one of its own, which runs the handlers one after another; start, stop, port: the owner's
//   memory   headers up to 8 KiB, bodies up to 64 KiB, a silent connection is closed after 10 s
//   failure  an address that is taken or wrong throws usage_error; a handler that throws answers 500
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "os/udp_socket.h"

namespace weir {

struct Request {
  std::string path;
  std::string accept;  // the Accept header, "" where there is none
};

struct Response {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// An error as RFC 9457 has it.
Response problem(int status, const std::string& title, const std::string& detail);

// "127.0.0.1:8080", "[::1]:8080", "localhost:8080", ":8080" (loopback too), "0.0.0.0:8080" or "[::]:8080" for every
// address. Throws usage_error.
os::Endpoint parse_http_address(const std::string& address);

// "http://127.0.0.1:8080" for a server that was given `address` and listens on `port`.
std::string http_url(const std::string& address, uint16_t port);

class HttpServer {
 public:
  using Handler = std::function<Response(const Request&)>;

  // Binds at once, so that a taken port is known before anything else starts; answers from start() on.
  explicit HttpServer(const std::string& address);
  ~HttpServer();
  HttpServer(HttpServer&&) = delete;

  void route(const std::string& path, Handler handler);
  void start();
  void stop();  // ends open connections and joins the thread; may be called again
  uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
