// SPDX-License-Identifier: Apache-2.0
#include "http/client.h"

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>
#include <optional>
#include <type_traits>

#include "base/error.h"
#include "http/address.h"
#include "http/tls.h"

namespace weir {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Code = boost::system::error_code;

constexpr size_t kReadBytes = 64 << 10;

// Each step starts an asynchronous call and waits until it is over, so that every step has a timeout.
template <class Stream>
class Exchange {
 public:
  template <class... More>
  Exchange(const Url& url, const HttpRequest& request, More&... more)
      : url_(url), request_(request), stream_(io_, more...) {}

  HttpAnswer run(const std::function<bool(std::string_view)>& on_piece) {
    connect();
    send();
    return receive(on_piece);
  }

 private:
  [[noreturn]] void fail(const std::string& what, const Code& code) const {
    const bool late = code == beast::error::timeout;
    throw runtime_failure(what + " " + url_.host + ":" + url_.port + ": " +
                          (late ? "it takes too long" : code.message()));
  }

  template <class Begin>
  Code wait_for(Begin begin) {
    Code result;
    beast::get_lowest_layer(stream_).expires_after(std::chrono::milliseconds(request_.timeout_ms));
    begin([&](Code code, auto&&...) { result = code; });
    io_.restart();
    io_.run();
    return result;
  }

  void connect() {
    Code code;
    asio::ip::tcp::resolver resolver(io_);
    const auto addresses = resolver.resolve(url_.host, url_.port, code);
    if (code) fail("cannot find", code);
    code = wait_for([&](auto done) { beast::get_lowest_layer(stream_).async_connect(addresses, done); });
    if (code) fail("cannot reach", code);
    if constexpr (!std::is_same_v<Stream, beast::tcp_stream>) {
      ::SSL_set_tlsext_host_name(stream_.native_handle(), url_.host.c_str());
      stream_.set_verify_callback(asio::ssl::host_name_verification(url_.host));
      code = wait_for([&](auto done) { stream_.async_handshake(asio::ssl::stream_base::client, done); });
      if (code) fail("no TLS with", code);
    }
  }

  void send() {
    http::request<http::string_body> head(http::string_to_verb(request_.method), url_.prefix + request_.target, 11);
    const bool v6 = url_.host.find(':') != std::string::npos;
    head.set(http::field::host, (v6 ? "[" + url_.host + "]" : url_.host) + ":" + url_.port);
    head.set(http::field::user_agent, "weir");
    for (const auto& [name, value] : request_.headers) head.set(name, value);
    if (!request_.token.empty()) head.set(http::field::authorization, "Bearer " + request_.token.reveal());
    head.keep_alive(false);
    if (request_.more)
      head.chunked(true);
    else
      head.body() = request_.body, head.prepare_payload();
    if (!request_.more) {
      const Code code = wait_for([&](auto done) { http::async_write(stream_, head, done); });
      if (code) fail("cannot send to", code);
      return;
    }
    send_in_pieces(head);
  }

  void send_in_pieces(http::request<http::string_body>& whole) {
    http::request<http::empty_body> head(whole.base());
    http::request_serializer<http::empty_body> serializer(head);
    Code code = wait_for([&](auto done) { http::async_write_header(stream_, serializer, done); });
    for (bool more = true; more && !code;) {
      std::string piece;
      more = request_.more(piece);
      std::string out = piece.empty() ? "" : beast::buffers_to_string(http::make_chunk(asio::buffer(piece)));
      if (!more) out += "0\r\n\r\n";
      code = wait_for([&](auto done) { asio::async_write(stream_, asio::buffer(out), done); });
    }
    if (code) fail("cannot send to", code);
  }

  HttpAnswer receive(const std::function<bool(std::string_view)>& on_piece) {
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    beast::flat_buffer buffer;
    Code code = wait_for([&](auto done) { http::async_read_header(stream_, buffer, parser, done); });
    if (code) fail("no answer from", code);
    HttpAnswer answer{static_cast<int>(parser.get().result_int()), parser.get()[http::field::content_type], ""};
    std::array<char, kReadBytes> piece;
    while (!parser.is_done()) {
      parser.get().body().data = piece.data();
      parser.get().body().size = piece.size();
      code = wait_for([&](auto done) { http::async_read(stream_, buffer, parser, done); });
      if (code && code != http::error::need_buffer) fail("the answer broke off from", code);
      const std::string_view read(piece.data(), piece.size() - parser.get().body().size);
      if (on_piece && answer.status == 200) {
        if (!on_piece(read)) break;
      } else if (answer.body.size() + read.size() > request_.max_bytes) {
        throw runtime_failure("the answer of " + url_.host + " is longer than " + std::to_string(request_.max_bytes) +
                              " octets");
      } else {
        answer.body += read;
      }
    }
    return answer;
  }

  const Url& url_;
  const HttpRequest& request_;
  asio::io_context io_{1};
  Stream stream_;
};

}  // namespace

HttpAnswer http_request(const std::string& url, const HttpRequest& request,
                        const std::function<bool(std::string_view)>& on_piece) {
  const Url parsed = parse_url(url);
  if (!parsed.tls) return Exchange<beast::tcp_stream>(parsed, request).run(on_piece);
  const auto tls = client_tls(request.authorities);
  return Exchange<beast::ssl_stream<beast::tcp_stream>>(parsed, request, *tls).run(on_piece);
}

}  // namespace weir
