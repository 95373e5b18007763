// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <map>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "http/address.h"
#include "http/session.h"
#include "http/tls.h"
#include "os/process.h"
#include "os/tcp_socket.h"
#include "run/worker.h"

namespace weir {

namespace asio = boost::asio;

static constexpr auto kRest = std::chrono::seconds(1);  // when out of descriptors, before accepting again
static constexpr size_t kMinConnections = 4;
static constexpr std::string_view kBearer = "Bearer ";

struct HttpServer::Impl : SessionOwner {
  explicit Impl(const HttpServerConfig& config);

  const HttpRoute* find_route(const std::string& path) const override;
  std::string caller_of(std::string_view authorization, bool& asked) const override;
  void ended(HttpSession& session) override;

  void accept_soon();
  void take_connections();
  void evict_one();

  std::map<std::string, HttpRoute> routes;
  std::vector<HttpToken> tokens;
  const std::string certificate, key_file;
  std::unique_ptr<asio::ssl::context> tls;
  os::TcpListener listener;
  uint16_t port = 0;
  size_t max_connections = kHttpConnections;
  asio::io_context io{1};
  asio::posix::stream_descriptor waiting{io};  // the listener's
  asio::steady_timer rest{io};
  std::vector<std::shared_ptr<HttpSession>> sessions;
  std::unique_ptr<Worker> thread;
};

size_t http_connections(uint64_t limit, uint64_t open) {
  const uint64_t taken = open + kFilesForOthers;
  return std::clamp<uint64_t>(limit > taken ? limit - taken : 0, kMinConnections, kHttpConnections);
}

HttpServer::Impl::Impl(const HttpServerConfig& config)
    : tokens(config.tokens), certificate(config.certificate), key_file(config.key_file) {
  if (!certificate.empty()) tls = server_tls(certificate, key_file);
  int error = 0;
  listener = os::TcpListener::listen(parse_http_address(config.address), error);
  port = listener.port();
  if (error == 0) return;
  const std::string why = error == EADDRINUSE ? "the port is taken by another program" : os::error_text(error);
  throw usage_error("cannot serve HTTP on " + config.address + ": " + why +
                    "; name another address with --http, or --http off");
}

const HttpRoute* HttpServer::Impl::find_route(const std::string& path) const {
  const auto found = routes.find(path);
  return found == routes.end() ? nullptr : &found->second;
}

std::string HttpServer::Impl::caller_of(std::string_view authorization, bool& asked) const {
  asked = !tokens.empty();
  if (!authorization.starts_with(kBearer)) return "";
  authorization.remove_prefix(kBearer.size());
  std::string name;
  for (const HttpToken& token : tokens)  // always compares all of them, so that the time reveals nothing
    if (token.secret.is(authorization)) name = token.name;
  return name;
}

void HttpServer::Impl::ended(HttpSession& session) {
  std::erase_if(sessions, [&](const std::shared_ptr<HttpSession>& other) { return other.get() == &session; });
}

void HttpServer::Impl::accept_soon() {
  waiting.async_wait(asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code code) {
    if (!code) take_connections();
  });
}

void HttpServer::Impl::take_connections() {
  for (size_t taken = 0; taken < max_connections; ++taken) {
    int error = 0;
    os::File socket = listener.accept(error);
    if (error == EMFILE || error == ENFILE) {
      // Closing one of our connections frees a descriptor; if there is none, accepting again at once would keep a core
      // busy.
      if (!sessions.empty()) {
        evict_one();
        break;
      }
      rest.expires_after(kRest);
      return rest.async_wait([this](boost::system::error_code code) {
        if (!code) accept_soon();
      });
    }
    if (error == ECONNABORTED || error == EINTR) continue;
    if (error) break;
    if (sessions.size() >= max_connections) evict_one();
    sessions.push_back(make_session(socket.release(), io, tls.get(), *this));
    sessions.back()->run();
  }
  accept_soon();
}

// Closes the most expendable connection: first one that has been answered, then the one silent for longest, then the
// one whose answer has taken longest.
void HttpServer::Impl::evict_one() {
  const auto spared = std::ranges::min_element(sessions, {}, [](const std::shared_ptr<HttpSession>& session) {
    return std::pair(session->state(), session->since_ns());
  });
  if (spared == sessions.end()) return;
  (*spared)->close();
  sessions.erase(spared);
}

HttpServer::HttpServer(const HttpServerConfig& config) : impl_(std::make_unique<Impl>(config)) {}
HttpServer::~HttpServer() { stop(); }

void HttpServer::route(const std::string& path, HttpRoute route) { impl_->routes[path] = std::move(route); }
void HttpServer::route(const std::string& path, std::function<Response(const Request&)> handler) {
  HttpRoute whole;
  whole.handler = std::move(handler);
  route(path, std::move(whole));
}

void HttpServer::start() {
  const os::ProcessFigures figures = os::process_figures();
  impl_->max_connections = http_connections(figures.max_files, figures.open_files);
  impl_->waiting.assign(impl_->listener.fd());
  impl_->accept_soon();
  impl_->thread = std::make_unique<Worker>("http", [impl = impl_.get()](std::stop_token) { impl->io.run(); });
}

void HttpServer::set_tokens(std::vector<HttpToken> tokens) {
  asio::post(impl_->io,
             [impl = impl_.get(), tokens = std::move(tokens)]() mutable { impl->tokens = std::move(tokens); });
}

void HttpServer::renew_certificate() {
  if (impl_->certificate.empty()) return;
  auto renewed = std::make_shared<std::unique_ptr<asio::ssl::context>>(server_tls(impl_->certificate, impl_->key_file));
  asio::post(impl_->io, [impl = impl_.get(), renewed] { impl->tls = std::move(*renewed); });
}

void HttpServer::stop() {
  if (!impl_->thread) return;
  impl_->io.stop();
  impl_->thread->join();
  impl_->thread.reset();
  impl_->sessions.clear();
  impl_->waiting.release();
  impl_->listener = {};
}

uint16_t HttpServer::port() const { return impl_->port; }

}  // namespace weir
