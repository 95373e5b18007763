// SPDX-License-Identifier: Apache-2.0
// A small HTTP/1.1 server (docs/decisions/0010-own-http-server.md) for metrics, probes and the API.
//
//   in       GET and HEAD of the routes added before start()
//   out      the handler's Response; everything else as application/problem+json (RFC 9457)
//   threads  one of its own, which runs the handlers one after another and sends each reader a few pieces of its answer
//            in turn; start, stop, port: the owner's
//   memory   kHttpConnections connections, fewer where descriptors are few (http_connection.h says what each holds).
//            One more takes the place of the one that can best be spared, so that a probe always gets in
//   failure  an address that is taken or wrong throws usage_error; a handler that throws answers 500
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "os/udp_socket.h"
#include "web/http_request.h"
#include "web/http_response.h"

namespace weir {

inline constexpr size_t kHttpConnections = 64;
// Of the limit of open files, left to the store, the templates and the outputs.
inline constexpr size_t kFilesForOthers = 96;

// How many connections there may be when `open` of at most `limit` files are open already.
size_t http_connections(uint64_t limit, uint64_t open);

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
