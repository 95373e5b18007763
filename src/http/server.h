// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 server for metrics, probes and the API, on Boost.Beast (docs/decisions/0014-one-http-library.md).
//
//   in       requests of the routes added before start(), over TCP or TLS
//   out      the handlers' Responses; everything else as application/problem+json (RFC 9457)
//   threads  one of its own, which runs the handlers one after another and sends each reader a piece of its answer in
//            turn; start, stop, port: the owner's
//   memory   kHttpConnections connections, fewer where descriptors are few; of each a head (kHeadBytes), a read, a
//   piece
//            of the answer, and a body where the route takes one whole. One more takes the place of the one that can
//            best be spared, so that a probe always gets in
//   time     a request's head has 10 s to come, a body 30 s for each piece; a silent connection is closed after 10 s;
//   an
//            answer of which the client takes nothing for 30 s, or that takes more than 2 min, is cut
//   failure  an address that is taken or wrong, or a certificate that is not one, throws usage_error; a handler that
//            throws answers 500
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/secret.h"
#include "http/message.h"
#include "os/udp_socket.h"

namespace weir {

inline constexpr size_t kHttpConnections = 64;
inline constexpr size_t kHeadBytes = 8 << 10;
// Of the limit of open files, left to the store, the templates and the outputs.
inline constexpr size_t kFilesForOthers = 96;

// How many connections there may be when `open` of at most `limit` files are open already.
size_t http_connections(uint64_t limit, uint64_t open);

// Whoever shows `secret` (Authorization: Bearer) is `name`.
struct HttpToken {
  std::string name;
  Secret secret;
};

struct HttpServerConfig {
  std::string address;                // as parse_http_address() takes it
  std::string certificate, key_file;  // PEM files; empty: no TLS
  std::vector<HttpToken> tokens;      // empty: nobody is asked
};

struct HttpRoute {
  std::vector<std::string> methods = {"GET"};  // with GET comes HEAD
  bool is_open = false;                        // without a token, too: probes
  size_t max_body_bytes = 0;                   // that are taken whole, for Request::body
  std::function<Response(const Request&)> handler;
  // Takes bodies of any length piece by piece, in place of `handler`.
  std::function<std::unique_ptr<BodySink>(const Request&)> sink = {};
};

class HttpServer {
 public:
  // Binds at once, so that a taken port is known before anything else starts; answers from start() on.
  explicit HttpServer(const HttpServerConfig& config);
  ~HttpServer();
  HttpServer(HttpServer&&) = delete;

  void route(const std::string& path, HttpRoute route);
  void route(const std::string& path, std::function<Response(const Request&)> handler);
  void start();
  // From the next request on. While it runs, too.
  void set_tokens(std::vector<HttpToken> tokens);
  // Reads certificate and key anew; connections that are open keep theirs. Throws usage_error, and changes nothing
  // then.
  void renew_certificate();
  void stop();  // ends open connections and joins the thread; may be called again
  uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
