// SPDX-License-Identifier: Apache-2.0
#include "http/session.h"

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>
#include <optional>
#include <type_traits>

#include "base/log.h"
#include "base/time_units.h"
#include "os/clock.h"

namespace weir {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Code = boost::system::error_code;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

constexpr auto kRequestTime = std::chrono::seconds(10);   // for a head; as long a connection may be silent
constexpr auto kProgressTime = std::chrono::seconds(30);  // in which a client must send or take something
constexpr int64_t kAnswerNs = 2 * kMinute;
constexpr auto kDrainTime = std::chrono::seconds(2);
constexpr size_t kReadBytes = 16 << 10;
constexpr size_t kDrainBytes = 1 << 20;
constexpr size_t kUnwantedBytes = 64 << 10;  // of a body that no route takes: read and discarded

std::string decoded(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
  };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    if (escape)
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])), i += 2;
    else
      out += text[i] == '+' ? ' ' : text[i];
  }
  return out;
}

std::map<std::string, std::string> query_of(std::string_view text) {
  std::map<std::string, std::string> query;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    const size_t equals = std::min(part.find('='), part.size());
    if (!part.empty()) query[decoded(part.substr(0, equals))] = decoded(part.substr(std::min(equals + 1, part.size())));
  }
  return query;
}

template <class Stream>
class Session : public HttpSession, public std::enable_shared_from_this<Session<Stream>> {
 public:
  template <class... More>
  Session(SessionOwner& owner, asio::ip::tcp::socket socket, More&... more)
      : owner_(owner), stream_(std::move(socket), more...) {}
  ~Session() override = default;

  void run() override {
    enter(State::idle);
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      lowest().expires_after(kRequestTime);
      stream_.async_handshake(asio::ssl::stream_base::server, then(&Session::shaken));
    } else {
      read_head();
    }
  }

  void close() override {
    Code ignored;
    lowest().socket().close(ignored);
  }

 private:
  using Parser = http::request_parser<http::buffer_body>;
  using Step = void (Session::*)(Code, size_t);

  beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }

  // A completion handler that keeps the session alive, and ends it if the step throws.
  auto then(Step step) {
    return [self = this->shared_from_this(), step](Code code, size_t bytes = 0) {
      try {
        ((*self).*step)(code, bytes);
      } catch (const std::exception& error) {
        log_error("http", std::string("a connection broke off: ") + error.what());
        self->end();
      }
    };
  }

  void end() {
    close();
    owner_.ended(*this);
  }

  void shaken(Code code, size_t) { code ? end() : read_head(); }

  void read_head() {
    parser_.emplace();
    parser_->header_limit(kHeadBytes);
    parser_->body_limit(boost::none);
    request_ = {};
    route_ = nullptr;
    sink_.reset();
    enter(buffer_.size() > 0 ? State::reading : State::idle);
    lowest().expires_after(kRequestTime);
    http::async_read_header(stream_, buffer_, *parser_, then(&Session::head_read));
  }

  void head_read(Code code, size_t) {
    if (code == http::error::header_limit)
      return refuse(431, "Request Header Fields Too Large", "the head is longer than 8 KiB");
    if (code && code.category() == http::make_error_code(http::error::bad_method).category() &&
        code != http::error::end_of_stream && code != http::error::partial_message)
      return refuse(400, "Bad Request", "this is not HTTP/1: " + code.message());
    if (code) return end();
    enter(State::reading);
    take_head(parser_->get());
    if (!admit()) return;
    if (expects_continue()) return send_continue();
    read_body();
  }

  void take_head(const http::request<http::buffer_body>& head) {
    const std::string_view target = head.target();
    const size_t mark = std::min(target.find('?'), target.size());
    request_.method = head.method_string();
    request_.path = target.substr(0, mark);
    request_.query = query_of(target.substr(std::min(mark + 1, target.size())));
    request_.accept = head[http::field::accept];
    request_.type = head[http::field::content_type];
    is_head_ = head.method() == http::verb::head;
    keep_alive_ = head.keep_alive();
    is_http11_ = head.version() >= 11;
  }

  // Whether the request may proceed; if not, it is answered with an error.
  bool admit() {
    route_ = owner_.find_route(request_.path);
    bool asked = false;
    request_.caller = owner_.caller_of(parser_->get()[http::field::authorization], asked);
    if (asked && request_.caller.empty() && !(route_ && route_->is_open)) {
      Response response = problem(401, "Unauthorized", "this needs a token: Authorization: Bearer TOKEN");
      response.headers.emplace_back("WWW-Authenticate", "Bearer");
      return answer_early(std::move(response));
    }
    if (!route_)
      return answer_early(problem(404, "Not Found", "there is no " + request_.path + " here; see / for what there is"));
    const std::string method = is_head_ ? "GET" : request_.method;
    if (std::ranges::find(route_->methods, method) == route_->methods.end()) return answer_early(wrong_method());
    const uint64_t length = parser_->content_length().value_or(0);
    const uint64_t limit = std::max<uint64_t>(route_->max_body_bytes, kUnwantedBytes);
    if (!route_->sink && length > limit) return answer_early(too_large(limit));
    if (route_->sink) sink_ = route_->sink(request_);
    return true;
  }

  Response wrong_method() const {
    std::string allowed;
    for (const std::string& method : route_->methods)
      allowed += (allowed.empty() ? "" : ", ") + method + (method == "GET" ? ", HEAD" : "");
    Response response = problem(405, "Method Not Allowed", request_.path + " takes " + allowed);
    response.headers.emplace_back("Allow", allowed);
    return response;
  }
  static Response too_large(uint64_t limit) {
    return problem(413, "Content Too Large", "the body is longer than " + std::to_string(limit) + " octets");
  }

  // Answers before the body has been read. A short body is read first, so that the connection can be reused. Returns
  // false.
  bool answer_early(Response response) {
    const bool is_short = parser_->content_length().value_or(kUnwantedBytes + 1) <= kUnwantedBytes;
    if (!parser_->is_done() && is_short && !early_ && !expects_continue()) {
      early_ = std::move(response);
      read_body();
      return false;
    }
    keep_alive_ = keep_alive_ && parser_->is_done();
    answer(std::move(response));
    return false;
  }
  void refuse(int status, const std::string& title, const std::string& detail) {
    keep_alive_ = false;
    is_head_ = false;
    is_http11_ = true;
    answer(problem(status, title, detail));
  }

  bool expects_continue() const { return http::token_list(parser_->get()[http::field::expect]).exists("100-continue"); }
  void send_continue() {
    output_ = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(output_), then(&Session::continued));
  }
  void continued(Code code, size_t) { code ? end() : read_body(); }

  void read_body() {
    if (parser_->is_done()) return body_read();
    parser_->get().body().data = piece_.data();
    parser_->get().body().size = piece_.size();
    lowest().expires_after(kProgressTime);
    http::async_read(stream_, buffer_, *parser_, then(&Session::piece_read));
  }

  void piece_read(Code code, size_t) {
    if (code && code != http::error::need_buffer) {
      if (code.category() == http::make_error_code(http::error::bad_chunk).category() &&
          code != http::error::partial_message)
        return refuse(400, "Bad Request", "the body is broken: " + code.message());
      return end();
    }
    const std::string_view piece(piece_.data(), piece_.size() - parser_->get().body().size);
    if (early_) return read_body();
    if (sink_) {
      if (!sink_->take(piece)) return void(answer_early(sink_->end()));
    } else {
      body_bytes_ += piece.size();
      const uint64_t limit = std::max<uint64_t>(route_->max_body_bytes, kUnwantedBytes);
      if (body_bytes_ > limit) return void(answer_early(too_large(limit)));
      if (route_->max_body_bytes > 0) request_.body += piece;
    }
    read_body();
  }

  void body_read() {
    body_bytes_ = 0;
    if (early_) return answer(*std::exchange(early_, std::nullopt));
    try {
      answer(sink_ ? sink_->end() : route_->handler(request_));
    } catch (const std::exception& error) {
      log_error("http", request_.path + " failed: " + error.what());
      answer(problem(500, "Internal Server Error", "the request failed; the collector's log says why"));
    }
  }

  void answer(Response response) {
    enter(State::answering);
    is_chunked_ = response.more && is_http11_;
    keep_alive_ = keep_alive_ && (is_chunked_ || !response.more);
    http::response<http::empty_body> head(static_cast<http::status>(response.status), is_http11_ ? 11 : 10);
    head.set(http::field::content_type, response.type);
    head.set(http::field::cache_control, "no-store");
    head.set("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : response.headers) head.set(name, value);
    head.keep_alive(keep_alive_);
    if (is_chunked_)
      head.chunked(true);
    else if (!response.more)
      head.content_length(response.body.size());
    output_ = text_of(head);
    more_ = nullptr;
    if (!is_head_) {
      if (is_chunked_ && !response.body.empty())
        output_ += chunk_of(response.body);
      else
        output_ += response.body;
      more_ = std::move(response.more);
    }
    write();
  }

  static std::string text_of(http::response<http::empty_body>& head) {
    http::response_serializer<http::empty_body> serializer(head);
    std::string text;
    Code code;
    serializer.split(true);
    do {
      serializer.next(code, [&](Code&, const auto& buffers) {
        text += beast::buffers_to_string(buffers);
        serializer.consume(beast::buffer_bytes(buffers));
      });
    } while (!code && !serializer.is_header_done());
    return text;
  }
  static std::string chunk_of(const std::string& piece) {
    return beast::buffers_to_string(http::make_chunk(asio::buffer(piece)));
  }

  void write() {
    const int64_t left_ns = since_ns() + kAnswerNs - os::monotonic_ns();
    if (left_ns <= 0) return end();
    lowest().expires_after(std::min<std::chrono::nanoseconds>(kProgressTime, std::chrono::nanoseconds(left_ns)));
    asio::async_write(stream_, asio::buffer(output_), then(&Session::written));
  }

  void written(Code code, size_t) {
    if (code) return end();
    if (!more_) return finish();
    output_.clear();
    if (!more_(output_)) more_ = nullptr;
    if (is_chunked_) {
      output_ = output_.empty() ? "" : chunk_of(output_);
      if (!more_) output_ += "0\r\n\r\n";
    }
    write();
  }

  // After the last answer, what the client still sends is read for a while: closing at once would reset the connection,
  // and the answer would be lost.
  void finish() {
    output_ = std::string();
    if (keep_alive_) return read_head();
    enter(State::draining);
    lowest().expires_after(kDrainTime);
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      stream_.async_shutdown(then(&Session::shut));
    } else {
      Code ignored;
      lowest().socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
      drain();
    }
  }
  void shut(Code, size_t) { end(); }

  void drain() { lowest().async_read_some(asio::buffer(piece_), then(&Session::drained)); }
  void drained(Code code, size_t bytes) {
    drained_ += bytes;
    if (code || drained_ > kDrainBytes) return end();
    drain();
  }

  SessionOwner& owner_;
  Stream stream_;
  beast::flat_buffer buffer_{kHeadBytes + kReadBytes};
  std::optional<Parser> parser_;
  std::array<char, kReadBytes> piece_;
  Request request_;
  const HttpRoute* route_ = nullptr;
  std::unique_ptr<BodySink> sink_;
  std::optional<Response> early_;  // sent as soon as the body has been read
  uint64_t body_bytes_ = 0;
  size_t drained_ = 0;
  bool is_head_ = false, is_http11_ = false, keep_alive_ = false, is_chunked_ = false;
  std::string output_;
  std::function<bool(std::string&)> more_;
};

}  // namespace

void HttpSession::enter(State state) {
  state_ = state;
  since_ns_ = os::monotonic_ns();
}

std::shared_ptr<HttpSession> make_session(int socket, asio::io_context& io, asio::ssl::context* tls,
                                          SessionOwner& owner) {
  asio::ip::tcp::socket client(io);
  client.assign(asio::ip::tcp::v6(), socket);
  if (tls) return std::make_shared<Session<TlsStream>>(owner, std::move(client), *tls);
  return std::make_shared<Session<beast::tcp_stream>>(owner, std::move(client));
}

}  // namespace weir
