// SPDX-License-Identifier: Apache-2.0
#include "web/http_server.h"

#include <errno.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <map>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "os/clock.h"
#include "os/process.h"
#include "os/tcp_socket.h"
#include "os/wake.h"
#include "run/worker.h"
#include "web/http_connection.h"

namespace weir {

static constexpr int64_t kRestNs = 1'000'000'000;  // without descriptors, before connections are taken again
static constexpr size_t kLeastConnections = 4;

struct HttpServer::Impl {
  explicit Impl(const std::string& address);
  void serve();
  void wait(int64_t now);
  void take_connections(int64_t now);
  void make_room();
  Response answer(const Request& request) const;

  std::map<std::string, Handler> routes;
  os::TcpListener listener;
  uint16_t port = 0;
  os::Wake wake;
  std::atomic<bool> stopping{false};
  size_t most_connections = kHttpConnections;
  int64_t rest_until_ns = 0;
  std::vector<std::unique_ptr<HttpConnection>> connections;
  os::PollSet polled;  // the wake, the listener, then each connection
  std::unique_ptr<Worker> thread;
};

size_t http_connections(uint64_t limit, uint64_t open) {
  const uint64_t taken = open + kFilesForOthers;
  return std::clamp<uint64_t>(limit > taken ? limit - taken : 0, kLeastConnections, kHttpConnections);
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
  int error = 0;
  listener = os::TcpListener::listen(parse_http_address(address), error);
  port = listener.port();
  if (error == 0) return;
  std::string why = error == EADDRINUSE ? "the port is taken by another program" : os::error_text(error);
  throw usage_error("cannot serve HTTP on " + address + ": " + why +
                    "; name another address with --http, or --http off");
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

void HttpServer::Impl::serve() {
  const HttpConnection::Answer answer_any = [this](const Request& request) { return answer(request); };
  while (!stopping.load()) {
    wait(os::monotonic_ns());
    wake.clear();
    const int64_t now = os::monotonic_ns();
    std::vector<std::unique_ptr<HttpConnection>> kept;
    for (size_t i = 0; i < connections.size(); ++i) {
      const bool ready = polled.is_ready(i + 2);
      const bool in_time = now < connections[i]->deadline_ns();
      if (in_time && (!ready || connections[i]->go_on(now, answer_any))) kept.push_back(std::move(connections[i]));
    }
    connections = std::move(kept);
    if (polled.is_ready(1)) take_connections(now);
  }
  connections.clear();
}

// Until something can be done for a connection, one comes, or one's time is over.
void HttpServer::Impl::wait(int64_t now) {
  int64_t until = rest_until_ns > now ? rest_until_ns : INT64_MAX;
  polled.clear();
  polled.add(wake.fd());
  polled.add(listener.fd(), rest_until_ns > now ? os::WaitFor::nothing : os::WaitFor::reading);
  for (const auto& connection : connections) {
    polled.add(connection->fd(), connection->waits_for());
    until = std::min(until, connection->deadline_ns());
  }
  const int64_t left_ms = std::max<int64_t>(until - now, 0) / 1'000'000 + 1;
  const int timeout = until == INT64_MAX ? -1 : static_cast<int>(std::min<int64_t>(left_ms, 3'600'000));
  polled.wait(timeout);
}

void HttpServer::Impl::take_connections(int64_t now) {
  for (size_t taken = 0; taken < most_connections; ++taken) {
    int error = 0;
    os::File socket = listener.accept(error);
    if (error == EMFILE || error == ENFILE) {
      // One of ours makes room; without any, accepting again at once would keep a core busy.
      if (connections.empty()) rest_until_ns = now + kRestNs;
      return make_room();
    }
    if (error == ECONNABORTED || error == EINTR) continue;
    if (error) return;
    if (connections.size() >= most_connections) make_room();
    connections.push_back(std::make_unique<HttpConnection>(std::move(socket), now));
  }
}

// Closes the connection that can best be spared: one that has been answered, then the longest silent, then the one
// whose answer takes longest.
void HttpServer::Impl::make_room() {
  auto spared = std::ranges::min_element(connections, {}, [](const std::unique_ptr<HttpConnection>& connection) {
    return std::pair(connection->state(), connection->since_ns());
  });
  if (spared != connections.end()) connections.erase(spared);
}

HttpServer::HttpServer(const std::string& address) : impl_(std::make_unique<Impl>(address)) {}
HttpServer::~HttpServer() { stop(); }

void HttpServer::route(const std::string& path, Handler handler) { impl_->routes[path] = std::move(handler); }

void HttpServer::start() {
  os::ProcessFigures figures = os::process_figures();
  impl_->most_connections = http_connections(figures.max_files, figures.open_files);
  impl_->thread = std::make_unique<Worker>("http", [impl = impl_.get()](std::stop_token) { impl->serve(); });
}

void HttpServer::stop() {
  if (!impl_->thread) return;
  impl_->stopping = true;
  impl_->wake.set();
  impl_->thread->join();
  impl_->thread.reset();
  impl_->listener = {};
}

uint16_t HttpServer::port() const { return impl_->port; }

}  // namespace weir
