// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 server for metrics, probes and the API, on Boost.Beast (docs/decisions/0014-one-http-library.md).
//
//   in       requests of the routes added before start(), over TCP or TLS
//   out      the handlers' Responses; everything else as application/problem+json (RFC 9457)
//   threads  one of its own, which runs the handlers one after another and sends each client a piece of its answer in
//            turn; start, stop, port: the owner's
//   memory   kHttpConnections connections, fewer if descriptors are scarce; each has a head (kHeadBytes), a read, a
//            piece of the answer, and a body if the route takes whole bodies. One connection more replaces the most
//            expendable one, so that a probe always gets in
//   time     a request's head must arrive within 10 s, each piece of a body within 30 s; a silent connection is closed
//            after 10 s; an answer of which the client takes nothing for 30 s, or that takes more than 2 min, is
//            aborted
//   failure  an address that is taken or invalid, or an invalid certificate, throws usage_error; a handler that throws
//            answers 500
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
// Part of the open files limit that is left to the store, the templates and the outputs.
inline constexpr size_t kFilesForOthers = 96;

// How many connections are allowed if `open` of at most `limit` files are already open.
size_t http_connections(uint64_t limit, uint64_t open);

// A caller that presents `secret` (Authorization: Bearer) is known as `name`.
struct HttpToken {
  std::string name;
  Secret secret;
};

struct HttpServerConfig {
  std::string address;                // as for parse_http_address()
  std::string certificate, key_file;  // PEM files; empty: no TLS
  std::vector<HttpToken> tokens;      // empty: no token is needed
};

struct HttpRoute {
  std::vector<std::string> methods = {"GET"};  // GET includes HEAD
  bool is_open = false;                        // needs no token: for probes
  size_t max_body_bytes = 0;                   // of bodies taken whole, for Request::body
  std::function<Response(const Request&)> handler;
  // Takes bodies of any length piece by piece; replaces `handler`.
  std::function<std::unique_ptr<BodySink>(const Request&)> sink = {};
};

class HttpServer {
 public:
  // Binds at once, so that a taken port is detected before anything else starts; answers after start().
  explicit HttpServer(const HttpServerConfig& config);
  ~HttpServer();
  HttpServer(HttpServer&&) = delete;

  void route(const std::string& path, HttpRoute route);
  void route(const std::string& path, std::function<Response(const Request&)> handler);
  void start();
  // Takes effect with the next request. May be called while the server runs.
  void set_tokens(std::vector<HttpToken> tokens);
  // Reads certificate and key again; open connections keep the old ones. Throws usage_error and then changes nothing.
  void renew_certificate();
  void stop();  // closes open connections and joins the thread; may be called again
  uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
