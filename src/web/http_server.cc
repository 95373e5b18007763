// SPDX-License-Identifier: Apache-2.0
#include "web/http_server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <event2/thread.h>

#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/log.h"
#include "os/tcp_socket.h"
#include "run/worker.h"

namespace weir {

static constexpr ev_ssize_t kHeaderBytes = 8 << 10;
static constexpr ev_ssize_t kBodyBytes = 64 << 10;
static constexpr int kSilenceSeconds = 10;
static constexpr uint16_t kEveryMethod = EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT |
                                         EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE |
                                         EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH;

struct HttpServer::Impl {
  explicit Impl(const std::string& address);
  void bind(const std::string& address);
  Response answer(const Request& request) const;
  static void on_request(evhttp_request* request, void* self);
  static void on_accept_error(evconnlistener* listener, void* self);

  struct Free {
    void operator()(event_base* base) const { event_base_free(base); }
    void operator()(evhttp* http) const { evhttp_free(http); }
  };
  std::map<std::string, Handler> routes;
  std::unique_ptr<event_base, Free> base;
  std::unique_ptr<evhttp, Free> http;
  uint16_t port = 0;
  std::unique_ptr<Worker> thread;
};

Response problem(int status, const std::string& title, const std::string& detail) {
  nlohmann::ordered_json body = {{"type", "about:blank"}, {"title", title}, {"status", status}, {"detail", detail}};
  // A path that is no UTF-8 may be part of the detail.
  std::string text = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return {status, "application/problem+json", text, {}};
}

os::Endpoint parse_http_address(const std::string& address) {
  auto wrong = [&](const std::string& why) {
    return usage_error("\"" + address + "\" is not an address for HTTP: " + why +
                       "; write it as 127.0.0.1:8080, [::1]:8080 or :8080");
  };
  size_t colon = address.rfind(':');
  if (colon == std::string::npos) throw wrong("the port is missing");
  std::string host = address.substr(0, colon);
  std::string_view digits = std::string_view(address).substr(colon + 1);
  unsigned port = 0;
  auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failed != std::errc{} || end != digits.data() + digits.size() || port > 65'535)
    throw wrong("the port must be a number up to 65535");
  if (host.empty() || host == "localhost") host = "127.0.0.1";
  bool is_v6 = host.find(':') != std::string::npos;
  if (is_v6 && host.front() != '[') throw wrong("an IPv6 address must stand in brackets");
  auto parsed = IpAddress::parse(host);
  if (!parsed) throw wrong("the host must be a literal address");
  return {*parsed, static_cast<uint16_t>(port)};
}

// Where it listens on every address, loopback is one that reaches it.
std::string http_url(const std::string& address, uint16_t port) {
  os::Endpoint endpoint = parse_http_address(address);
  if (endpoint.address.is_zero() || endpoint.address == IpAddress::v4(0)) endpoint.address = IpAddress::v4(0x7f000001);
  endpoint.port = port;
  return "http://" + endpoint.to_string();
}

HttpServer::Impl::Impl(const std::string& address) {
  evthread_use_pthreads();
  // libevent's own remarks would go to stderr past the log; what matters is reported where it happens.
  event_set_log_callback([](int, const char*) {});
  base.reset(event_base_new());
  if (base) http.reset(evhttp_new(base.get()));
  if (!http) throw runtime_failure("cannot set up the HTTP server: out of memory or descriptors");
  evhttp_set_max_headers_size(http.get(), kHeaderBytes);
  evhttp_set_max_body_size(http.get(), kBodyBytes);
  evhttp_set_timeout(http.get(), kSilenceSeconds);
  evhttp_set_allowed_methods(http.get(), kEveryMethod);  // so that the 405 is ours
  evhttp_set_gencb(http.get(), on_request, this);
  bind(address);
}

void HttpServer::Impl::bind(const std::string& address) {
  os::Endpoint endpoint = parse_http_address(address);
  errno = 0;
  evhttp_bound_socket* bound =
      evhttp_bind_socket_with_handle(http.get(), endpoint.address.to_string().c_str(), endpoint.port);
  if (!bound) {
    std::string why = errno == EADDRINUSE ? "the port is taken by another program" : os::error_text(errno);
    throw usage_error("cannot serve HTTP on " + address + ": " + why +
                      "; name another address with --http, or --http off");
  }
  port = os::bound_port(evhttp_bound_socket_get_fd(bound));
  // The callback gets the argument that evhttp gave its listener, which is the bound socket.
  evconnlistener_set_error_cb(evhttp_bound_socket_get_listener(bound), on_accept_error);
}

// Out of descriptors: accepting again at once would keep a core busy, so it rests for a second.
void HttpServer::Impl::on_accept_error(evconnlistener* listener, void*) {
  evconnlistener_disable(listener);
  timeval second{1, 0};
  event_base_once(
      evconnlistener_get_base(listener), -1, EV_TIMEOUT,
      [](evutil_socket_t, short, void* again) { evconnlistener_enable(static_cast<evconnlistener*>(again)); }, listener,
      &second);
}

Response HttpServer::Impl::answer(const Request& request) const {
  auto route = routes.find(request.path);
  if (route == routes.end())
    return problem(404, "Not Found", "there is no " + request.path + " here; see / for what there is");
  try {
    return route->second(request);
  } catch (const std::exception& error) {
    log_error("web", request.path + " failed: " + error.what());
    return problem(500, "Internal Server Error", "the request failed; the collector's log says why");
  }
}

void HttpServer::Impl::on_request(evhttp_request* request, void* self) {
  const evhttp_uri* uri = evhttp_request_get_evhttp_uri(request);
  const char* path = uri ? evhttp_uri_get_path(uri) : nullptr;
  const char* accept = evhttp_find_header(evhttp_request_get_input_headers(request), "Accept");
  evhttp_cmd_type method = evhttp_request_get_command(request);

  Response response;
  if (method == EVHTTP_REQ_GET || method == EVHTTP_REQ_HEAD) {
    response = static_cast<Impl*>(self)->answer({path ? path : "", accept ? accept : ""});
  } else {
    response = problem(405, "Method Not Allowed", "only GET and HEAD are served");
    response.headers.emplace_back("Allow", "GET, HEAD");
  }

  evkeyvalq* headers = evhttp_request_get_output_headers(request);
  evhttp_add_header(headers, "Content-Type", response.type.c_str());
  evhttp_add_header(headers, "Content-Length", std::to_string(response.body.size()).c_str());
  evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
  evhttp_add_header(headers, "Cache-Control", "no-store");
  for (const auto& [name, value] : response.headers) evhttp_add_header(headers, name.c_str(), value.c_str());
  if (method != EVHTTP_REQ_HEAD)
    evbuffer_add(evhttp_request_get_output_buffer(request), response.body.data(), response.body.size());
  evhttp_send_reply(request, response.status, nullptr, nullptr);
}

HttpServer::HttpServer(const std::string& address) : impl_(std::make_unique<Impl>(address)) {}
HttpServer::~HttpServer() { stop(); }

void HttpServer::route(const std::string& path, Handler handler) { impl_->routes[path] = std::move(handler); }

void HttpServer::start() {
  impl_->thread =
      std::make_unique<Worker>("http", [base = impl_->base.get()](std::stop_token) { event_base_dispatch(base); });
}

void HttpServer::stop() {
  if (!impl_->thread) return;
  event_base_loopexit(impl_->base.get(), nullptr);
  impl_->thread->join();
  impl_->thread.reset();
  impl_->http.reset();
}

uint16_t HttpServer::port() const { return impl_->port; }

}  // namespace weir
